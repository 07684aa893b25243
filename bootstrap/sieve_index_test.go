package bootstrap_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
)

const (
	shortestSecret = 8  // the index goes by the first bytes of a text
	longestSecret  = 64 // of a longer text the end is looked for, as a token's beginning says nothing secret
	shortestDigits = 10 // of a telephone number
)

// secretIndex finds any of many texts in one pass.
type secretIndex struct {
	starts map[uint64][]secretForm // by the first bytes
	hashes []uint64                // a bit for the hash of each start, to pass by what is none
}

// secretForm is one way to write a secret.
type secretForm struct {
	what   string
	text   []byte
	number bool // no part of a longer row of digits
}

const hashBits = 20

func newSecretIndex(texts map[string]string) *secretIndex {
	x := &secretIndex{starts: map[uint64][]secretForm{}, hashes: make([]uint64, 1<<hashBits/64)}
	for text, what := range texts {
		if isNumber(text) {
			x.addNumber(what, strings.TrimPrefix(text, "+"))
			continue
		}
		x.add(what, text)
		if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) == 16 {
			x.add(what, string(key)) // a session_key as bytes
		}
	}
	return x
}

func isNumber(text string) bool {
	digits := strings.TrimPrefix(text, "+")
	return len(digits) >= shortestDigits && strings.Trim(digits, "0123456789") == ""
}

// addNumber knows a telephone number with and without the country code of the mainland.
func (x *secretIndex) addNumber(what, digits string) {
	national := digits
	if len(digits) == 13 {
		national = strings.TrimPrefix(digits, "86")
	}
	for _, number := range []string{national, "86" + national} {
		x.addForm(secretForm{what: what, text: []byte(number), number: true})
		x.addEncoded(what, []byte(number))
	}
}

func (x *secretIndex) add(what, text string) {
	raw := []byte(text[max(len(text)-longestSecret, 0):])
	x.addForm(secretForm{what: what, text: raw})
	if escaped := url.QueryEscape(string(raw)); escaped != string(raw) {
		x.addForm(secretForm{what: what, text: []byte(escaped)})
	}
	x.addEncoded(what, raw)
}

func (x *secretIndex) addEncoded(what string, raw []byte) {
	digits := hex.EncodeToString(raw)
	forms := []string{digits, strings.ToUpper(digits)}
	for shift := range 3 {
		forms = append(forms, inBase64(base64.RawStdEncoding, raw, shift), inBase64(base64.RawURLEncoding, raw, shift))
	}
	for _, form := range slices.Compact(forms) {
		x.addForm(secretForm{what: what, text: []byte(form)})
	}
}

// inBase64 is what a text looks like within a longer one that is encoded as a whole, behind so many bytes more than a multiple
// of three: the characters that the text alone decides.
func inBase64(encoding *base64.Encoding, raw []byte, shift int) string {
	encoded := encoding.EncodeToString(append(make([]byte, shift), raw...))
	return encoded[(8*shift+5)/6 : 8*(shift+len(raw))/6]
}

func (x *secretIndex) addForm(form secretForm) {
	if len(form.text) < shortestSecret {
		return
	}
	start := binary.LittleEndian.Uint64(form.text)
	x.starts[start] = append(x.starts[start], form)
	hash := hashOf(start)
	x.hashes[hash/64] |= 1 << (hash % 64)
}

func hashOf(start uint64) uint64 { return start * 0x9E3779B97F4A7C15 >> (64 - hashBits) }

// find names what lies in content, each once.
func (x *secretIndex) find(content []byte) []string {
	found := map[string]bool{}
	for at := range max(len(content)-shortestSecret+1, 0) {
		start := binary.LittleEndian.Uint64(content[at:])
		hash := hashOf(start)
		if x.hashes[hash/64]&(1<<(hash%64)) == 0 {
			continue
		}
		for _, form := range x.starts[start] {
			if form.liesAt(content, at) {
				found[form.what] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func (f secretForm) liesAt(content []byte, at int) bool {
	if !bytes.HasPrefix(content[at:], f.text) {
		return false
	}
	end := at + len(f.text)
	return !f.number || (at == 0 || !isDigit(content[at-1])) && (end == len(content) || !isDigit(content[end]))
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
