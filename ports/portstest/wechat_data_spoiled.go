package portstest

import (
	"encoding/base64"
	"strings"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// sealedWith is data and the key to try it with.
type sealedWith struct {
	key  domain.SessionKey
	data ports.EncryptedData
}

// unopenable is made of what can be opened, and Spoiled.
func (p *WeChatDataParts) unopenable() map[string]sealedWith {
	cases := map[string]sealedWith{"nothing": {p.Key, ports.EncryptedData{}}}
	for kind, good := range map[string]ports.EncryptedData{"phone": p.Phone, "profile": p.Profile} {
		for what, key := range map[string]string{
			"another key": base64.StdEncoding.EncodeToString([]byte(randomText())), "no key": "", "a short key": "c2hvcnQ=",
		} {
			cases[kind+" with "+what] = sealedWith{domain.SessionKey{Secret: domain.NewSecret(key)}, good}
		}
		for what, iv := range map[string]string{"no IV": "", "a short IV": "aXY=", "a hostile IV": "\xff\x00="} {
			cases[kind+" with "+what] = sealedWith{p.Key, ports.EncryptedData{Data: good.Data, IV: iv}}
		}
		text := good.Data.Reveal()
		for what, data := range map[string]string{
			"no text": "", "a cut text": text[:len(text)-4], "no base64": "\x00\ufffd garbage =", "a huge text": strings.Repeat("A", 1<<20),
		} {
			cases[kind+" with "+what] = sealedWith{p.Key, ports.EncryptedData{Data: domain.NewSecret(data), IV: good.IV}}
		}
	}
	for what, data := range p.Spoiled {
		cases[what] = sealedWith{p.Key, data}
	}
	return cases
}
