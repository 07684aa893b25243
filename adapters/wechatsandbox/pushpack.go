package wechatsandbox

import (
	"crypto/aes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// parcel is one request before it meets its address.
type parcel struct {
	method, contentType string

	query url.Values
	body  []byte
}

// pack signs and encrypts a message.
func (c *courier) pack(fields []field) parcel {
	push, signed := c.push, c.server.now().Add(-c.push.Age)
	query := push.sign(signed)
	query.Set("openid", fieldText(fields, "FromUserName"))
	p := parcel{method: http.MethodPost, contentType: "application/json", query: query, body: push.write(fields)}
	if push.Format == PushXML {
		p.contentType = "text/xml"
	}
	if push.Mode == PushPlain {
		return p
	}
	sealed := push.encrypt(p.body)
	query.Set("encrypt_type", "aes")
	query.Set("msg_signature", push.signature(query.Get("timestamp"), query.Get("nonce"), sealed))
	if push.Mode == PushSecure {
		fields = []field{{key: "ToUserName", text: fieldText(fields, "ToUserName")}}
	}
	p.body = push.write(append(fields[:len(fields):len(fields)], field{key: "Encrypt", text: sealed}))
	return p
}

// sign makes the query that every request carries.
func (p Push) sign(now time.Time) url.Values {
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), newNonce()
	return url.Values{"timestamp": {timestamp}, "nonce": {nonce}, "signature": {p.signature(timestamp, nonce)}}
}

func (p Push) signature(parts ...string) string {
	signature := signPush(append(parts, string(p.Token))...)
	if p.WrongSignature {
		return strings.Repeat("0", len(signature))
	}
	return signature
}

func (p Push) encrypt(message []byte) string {
	key, err := decodeAESKey(string(p.AESKey))
	if err != nil {
		panic(fmt.Sprintf("decode aes_key: %v", err)) // checked before
	}
	random := make([]byte, aes.BlockSize)
	_, _ = rand.Read(random)
	receiver := p.AppID
	if p.WrongReceiver {
		receiver = foreignApp
	}
	return encryptPush(key, random, string(message), receiver)
}

// newNonce makes a number of nine or ten digits.
func newNonce() string {
	var random [4]byte
	_, _ = rand.Read(random[:])
	return strconv.FormatUint(uint64(binary.BigEndian.Uint32(random[:]))|1<<27, 10)
}

func fieldText(fields []field, key string) string {
	for _, f := range fields {
		if f.key == key {
			return f.text
		}
	}
	return ""
}
