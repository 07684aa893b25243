package wechatpush

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

var seeds = []string{
	officialMessage, cleaned, `{"Encrypt":"` + officialEncrypted + `"}`, `{" OpenID":"a","openid":"b",}`, "{}", "[", `{"a":[{"b":[1e999]}],}`,
	"<xml><Event> <![CDATA[a]]> </Event><OpenID>o</OpenID></xml>", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, "<a><b></b><b/></a>",
	"\ufeff{\"\\ud800\":\"\xff\"}", "<a>&#0;</a>",
}

// FuzzParse holds what is read against what it is for: it can be written as JSON, reads as the same again, and is made a
// message of in one way alone.
func FuzzParse(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := parse(bytes.Clone(text))
		if err != nil {
			return
		}
		written, err := json.Marshal(parsed)
		if err != nil {
			t.Fatalf("%q cannot be written: %v", text, err)
		}
		again, err := parse(written)
		if err != nil || !reflect.DeepEqual(parsed, again) {
			t.Fatalf("%q is %v, and then %v (%v)", text, parsed, again, err)
		}
		first, err := parsed.message("wx1")
		second, errAgain := again.message("wx1")
		if !errors.Is(errAgain, err) || !reflect.DeepEqual(first, second) {
			t.Fatalf("%q is two messages: %+v and %+v", text, first, second)
		}
	})
}

// FuzzOpen feeds ciphertexts, and, so that more than the padding is reached, texts that are encrypted as they are.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{officialEncrypted, officialReply, "", "AAAA", "!"} {
		f.Add(seed)
	}
	b := mustBox(f, officialKey)
	f.Fuzz(func(t *testing.T, text string) {
		for _, encrypted := range []string{text, b.sealRaw([]byte(text))} {
			message, err := b.open(encrypted)
			if (err == nil) == (message == nil) || err != nil && !errors.Is(err, errUnreadable) {
				t.Fatalf("%q: got %q (%v)", encrypted, message, err)
			}
		}
		if message, err := b.open(b.seal("0123456789abcdef", text, string(officialApp))); err != nil || string(message) != text {
			t.Fatalf("sealed %q and got %q (%v)", text, message, err)
		}
	})
}
