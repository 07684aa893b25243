package bootstrap_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// hostileData is what somebody sends who has good data and would like to learn what it says, or to do harm.
func hostileData(sealed []byte, good wechatsandbox.EncryptedData) map[string]wechatsandbox.EncryptedData {
	encode := base64.StdEncoding.EncodeToString
	hostile := map[string]wechatsandbox.EncryptedData{
		"one block":         {EncryptedData: encode(sealed[:16]), IV: good.IV},
		"a block less":      {EncryptedData: encode(sealed[:len(sealed)-16]), IV: good.IV},
		"a byte less":       {EncryptedData: encode(sealed[:len(sealed)-1]), IV: good.IV},
		"twice":             {EncryptedData: encode(append(sealed[:len(sealed):len(sealed)], sealed...)), IV: good.IV},
		"zeroes":            {EncryptedData: encode(make([]byte, 1024)), IV: good.IV},
		"no base64":         {EncryptedData: "%%%%", IV: good.IV},
		"long":              {EncryptedData: encode(make([]byte, 12<<10)), IV: good.IV},
		"iv of nothing":     {EncryptedData: good.EncryptedData, IV: "===="},
		"iv of 32 bytes":    {EncryptedData: good.EncryptedData, IV: encode(make([]byte, 32))},
		"iv no base64":      {EncryptedData: good.EncryptedData, IV: "\x00\x01"},
		"iv of zeroes":      {EncryptedData: good.EncryptedData, IV: encode(make([]byte, 16))},
		"text for numbers":  {EncryptedData: strings.Repeat("A", 64), IV: good.IV},
		"surrogates halved": {EncryptedData: "\xed\xa0\x80", IV: good.IV},
	}
	for value := range 256 { // what a padding oracle would be asked
		bent := append([]byte(nil), sealed...)
		bent[len(bent)-17] ^= byte(value)
		if value > 0 {
			hostile[fmt.Sprintf("padding %d", value)] = wechatsandbox.EncryptedData{EncryptedData: encode(bent), IV: good.IV}
		}
	}
	return hostile
}

func TestHostileCiphertextsAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	p := start(t, local(t).with(w.settings()))
	alice := p.login(w.code("alice"))
	good := w.sealed("alice")
	sealed, err := base64.StdEncoding.DecodeString(good.EncryptedData)
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string]int{}
	for name, data := range hostileData(sealed, good) {
		r := p.call(http.MethodPost, "/api/user/phone", alice.Token, data)
		if r.Status != http.StatusUnprocessableEntity || r.Reason != "DECRYPTION_FAILED" {
			t.Errorf("%s: got %s, want 422 DECRYPTION_FAILED", name, r)
		}
		var body map[string]any
		if err := json.Unmarshal(r.Body, &body); err != nil {
			t.Errorf("%s: got %s (%v)", name, r.Body, err)
		}
		delete(body, "request_id")
		bodies[fmt.Sprint(body)]++
	}
	if len(bodies) != 1 {
		t.Errorf("answers: got %v, want one for all", bodies)
	}
	p.wantPhone(alice, "")
	p.bindEncrypted(alice, good)
}
