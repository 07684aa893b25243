package wechatpush

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func mustBox(t testing.TB, key domain.Secret) *box {
	t.Helper()
	made, err := newBox(officialApp, key)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestKeyWithBitsTooManyIsTaken(t *testing.T) {
	t.Parallel()
	exact, odd := mustBox(t, officialKey), mustBox(t, domain.NewSecret(strings.Repeat("A", 42)+"D"))
	sealed := exact.seal("0123456789abcdef", "hello", string(officialApp))
	if got, err := odd.open(sealed); err != nil || string(got) != "hello" {
		t.Errorf("got %q (%v), want what was sealed with the bits that count", got, err)
	}
}

func TestMessageOfEveryLengthOpens(t *testing.T) {
	t.Parallel()
	b := mustBox(t, officialKey)
	for length := range 70 {
		want := strings.Repeat("x", length)
		if got, err := b.open(b.seal("\x00\x01\xfe\xff456789abcdef", want, string(officialApp))); err != nil || string(got) != want {
			t.Errorf("%d bytes: got %q (%v)", length, got, err)
		}
	}
}

func TestWhatIsWrongWithACiphertextIsNotTold(t *testing.T) {
	t.Parallel()
	b := mustBox(t, officialKey)
	head := func(length uint32) []byte { return binary.BigEndian.AppendUint32([]byte("0123456789abcdef"), length) }
	pad := func(text []byte, length, value byte) string {
		return b.sealRaw(append(text, bytes.Repeat([]byte{value}, int(length))...))
	}
	whole := append(append(head(5), "hello"...), officialApp...) // 43 bytes
	tests := map[string]string{
		"no base64": "!", "nothing": "", "half a block": base64.StdEncoding.EncodeToString(make([]byte, 40)),
		"one block":            base64.StdEncoding.EncodeToString(make([]byte, 16)),
		"padding of nothing":   pad(bytes.Clone(whole), 21, 0),
		"padding of 33":        pad(bytes.Clone(whole), 37, 33),
		"padding of 255":       pad(bytes.Clone(whole), 21, 255),
		"padding that differs": pad(append(bytes.Clone(whole), 1, 2), 19, 21),
		"nothing but padding":  pad(nil, 32, 32),
		"no room for a length": pad([]byte("0123456789abcde"), 17, 17),
		"length beyond":        pad(append(append(head(24), "hello"...), officialApp...), 21, 21),
		"length of 4 GiB":      pad(append(append(head(1<<32-1), "hello"...), officialApp...), 21, 21),
		"receiver cut off":     pad(append(head(5), "hello"+officialApp[:17]...), 22, 22),
		"another receiver":     b.seal("0123456789abcdef", "hello", "wx0000000000000000"),
		"no receiver":          b.seal("0123456789abcdef", "hello", ""),
		"more than a receiver": b.seal("0123456789abcdef", "hello", string(officialApp)+"x"),
		"another key":          mustBox(t, domain.NewSecret(strings.Repeat("B", 43))).seal("0123456789abcdef", "hello", string(officialApp)),
	}
	for name, encrypted := range tests {
		if got, err := b.open(encrypted); !errors.Is(err, errUnreadable) || got != nil {
			t.Errorf("%s: got %q (%v), want %v", name, got, err, errUnreadable)
		}
	}
	if got, err := b.open(pad(bytes.Clone(whole), 21, 21)); err != nil || string(got) != "hello" {
		t.Errorf("the one that is right: got %q (%v)", got, err)
	}
}
