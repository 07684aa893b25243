package portstest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Cipher is the contract of field encryption. Open returns a cipher with keys of its own.
func Cipher(t *testing.T, open func(t *testing.T) ports.Cipher) {
	t.Helper()
	check(t, func(t *testing.T) *ciphers {
		return &ciphers{Cipher: open(t), foreign: open, field: ports.Field{Table: "users", Column: "phone", Row: newID()}}
	}, slices.Concat(sealContracts, indexContracts))
}

// ciphers is the cipher under test, the way to another, and a field to use it for.
type ciphers struct {
	ports.Cipher
	foreign func(t *testing.T) ports.Cipher
	field   ports.Field
}

const sampleText = "+8613800138000 门禁"

func (c *ciphers) seal(t *testing.T, text string) []byte {
	t.Helper()
	sealed, err := c.Seal(c.field, domain.NewSecret(text))
	if err != nil {
		t.Fatalf("seal: %v", err)
	}
	return sealed
}

// indexes returns the digest by which rows are found.
func (c *ciphers) indexes(t *testing.T, table, column, text string) []byte {
	t.Helper()
	found, err := c.Indexes(table, column, domain.NewSecret(text))
	if err != nil || len(found.First) != 32 || found.BySecond && len(found.Second) != 32 {
		t.Fatalf("indexes: got %d and %d bytes, error %v, want 32", len(found.First), len(found.Second), err)
	}
	if found.BySecond {
		return found.Second
	}
	return found.First
}

func (c *ciphers) index(t *testing.T, table, column, text string) []byte {
	t.Helper()
	digest, err := c.Index(table, column, domain.NewSecret(text))
	if err != nil || len(digest) != 32 {
		t.Fatalf("index: got %d bytes, error %v, want 32", len(digest), err)
	}
	return digest
}

// wantRefused checks that something does not open, and that the error gives nothing away.
func wantRefused(t *testing.T, what string, cipher ports.Cipher, field ports.Field, sealed []byte) {
	t.Helper()
	got, err := cipher.Open(field, sealed)
	if err == nil {
		t.Errorf("open %s: got no error, want one", what)
	} else if strings.Contains(err.Error(), sampleText) {
		t.Errorf("open %s: the error holds the text: %v", what, err)
	}
	if !got.IsZero() {
		t.Errorf("open %s: got a text beside the error, want none", what)
	}
}

var sealContracts = []contract[*ciphers]{
	{"what was sealed opens", func(t *testing.T, _ context.Context, c *ciphers) {
		for _, text := range []string{sampleText, "", "a", strings.Repeat("长", 4096), "\x00\xff"} {
			got, err := c.Open(c.field, c.seal(t, text))
			if err != nil || got.Reveal() != text {
				t.Errorf("open: got %d bytes, error %v, want %d bytes", len(got.Reveal()), err, len(text))
			}
		}
	}},
	{"a ciphertext shows nothing of the text and differs each time", func(t *testing.T, _ context.Context, c *ciphers) {
		first, second := c.seal(t, sampleText), c.seal(t, sampleText)
		if bytes.Equal(first, second) {
			t.Error("sealing twice: got the same, want different ciphertexts")
		}
		if bytes.Contains(first, []byte("138")) && bytes.Contains(second, []byte("138")) {
			t.Error("ciphertext holds the text")
		}
	}},
	{"a ciphertext opens in no other row, column or table", func(t *testing.T, _ context.Context, c *ciphers) {
		sealed := c.seal(t, sampleText)
		row, column, table, shifted := c.field, c.field, c.field, c.field
		row.Row = newID()
		column.Column = "email"
		table.Table = "identities"
		shifted.Table, shifted.Column = "user", "sphone"
		wantRefused(t, "in another row", c, row, sealed)
		wantRefused(t, "in another column", c, column, sealed)
		wantRefused(t, "in another table", c, table, sealed)
		wantRefused(t, "with the boundary of the names moved", c, shifted, sealed)
	}},
	{"a ciphertext opens for no other owner", func(t *testing.T, _ context.Context, c *ciphers) {
		ofNobody := c.seal(t, sampleText)
		owned := *c
		owned.field.Owner = newID()
		sealed := owned.seal(t, sampleText)
		if got, err := c.Open(owned.field, sealed); err != nil || got.Reveal() != sampleText {
			t.Errorf("open: got %d bytes, error %v, want the text", len(got.Reveal()), err)
		}
		other, exchanged := owned.field, owned.field
		other.Owner = newID()
		exchanged.Row, exchanged.Owner = exchanged.Owner, exchanged.Row
		wantRefused(t, "for another owner", c, other, sealed)
		wantRefused(t, "for no owner", c, c.field, sealed)
		wantRefused(t, "with row and owner exchanged", c, exchanged, sealed)
		wantRefused(t, "for an owner, where it has none", c, owned.field, ofNobody)
	}},
	{"a ciphertext that was changed anywhere does not open", func(t *testing.T, _ context.Context, c *ciphers) {
		sealed := c.seal(t, sampleText)
		for i := range sealed {
			changed := bytes.Clone(sealed)
			changed[i] ^= 0x40
			wantRefused(t, "with a byte changed", c, c.field, changed)
		}
	}},
	{"a ciphertext that was cut or prolonged does not open", func(t *testing.T, _ context.Context, c *ciphers) {
		sealed := c.seal(t, sampleText)
		for i := range sealed {
			wantRefused(t, "cut", c, c.field, sealed[:i])
		}
		wantRefused(t, "nothing", c, c.field, nil)
		wantRefused(t, "prolonged", c, c.field, append(bytes.Clone(sealed), 0))
	}},
	{"a ciphertext of foreign keys does not open", func(t *testing.T, _ context.Context, c *ciphers) {
		wantRefused(t, "with foreign keys", c.foreign(t), c.field, c.seal(t, sampleText))
		wantRefused(t, "the text itself", c, c.field, []byte(sampleText))
	}},
	{"a ciphertext begins with the name of the key that seals", func(t *testing.T, _ context.Context, c *ciphers) {
		prefix := c.KeyPrefix()
		if sealed := c.seal(t, sampleText); len(prefix) < 4 || !bytes.HasPrefix(sealed, prefix) {
			t.Errorf("sealed: got %x, want it to begin with %x", sealed, prefix)
		}
		if foreign := c.foreign(t).KeyPrefix(); bytes.Equal(foreign, prefix) {
			t.Errorf("foreign keys have the same name: %x", foreign)
		}
	}},
	{"callers do not disturb one another", func(t *testing.T, _ context.Context, c *ciphers) {
		want := c.index(t, "users", "phone", sampleText)
		var calling sync.WaitGroup
		for range 16 {
			calling.Go(func() {
				sealed, err := c.Seal(c.field, domain.NewSecret(sampleText))
				if err != nil {
					t.Errorf("seal: %v", err)
				}
				if got, err := c.Open(c.field, sealed); err != nil || got.Reveal() != sampleText {
					t.Errorf("open: error %v, want the text", err)
				}
				if got, err := c.Index("users", "phone", domain.NewSecret(sampleText)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("index: got %x, error %v, want %x", got, err, want)
				}
			})
		}
		calling.Wait()
	}},
}

var indexContracts = []contract[*ciphers]{
	{"the index of a value is always the same", func(t *testing.T, _ context.Context, c *ciphers) {
		if got, want := c.index(t, "users", "phone", sampleText), c.index(t, "users", "phone", sampleText); !bytes.Equal(got, want) {
			t.Errorf("index: got %x, then %x", got, want)
		}
	}},
	{"the digest that stays differs by value, column, table and keys", func(t *testing.T, _ context.Context, c *ciphers) {
		wantDistinct(t, c, (*ciphers).index)
	}},
	{"the digest that finds rows differs by value, column, table and keys", func(t *testing.T, _ context.Context, c *ciphers) {
		wantDistinct(t, c, (*ciphers).indexes)
		first, second := c.indexes(t, "users", "phone", sampleText), c.indexes(t, "users", "phone", sampleText)
		if !bytes.Equal(first, second) {
			t.Errorf("indexes: got %x, then %x", first, second)
		}
	}},
}

// wantDistinct checks that no two digests that must differ are equal.
func wantDistinct(t *testing.T, c *ciphers, digest func(c *ciphers, t *testing.T, table, column, text string) []byte) {
	t.Helper()
	foreign := &ciphers{Cipher: c.foreign(t)}
	seen := map[string]string{}
	for what, got := range map[string][]byte{
		"this":                        digest(c, t, "users", "phone", sampleText),
		"another value":               digest(c, t, "users", "phone", sampleText+"0"),
		"no value":                    digest(c, t, "users", "phone", ""),
		"another column":              digest(c, t, "users", "email", sampleText),
		"another table":               digest(c, t, "identities", "phone", sampleText),
		"the names' boundary moved":   digest(c, t, "user", "sphone", sampleText),
		"the column's boundary moved": digest(c, t, "users", "phone+", sampleText[1:]),
		"foreign keys":                digest(foreign, t, "users", "phone", sampleText),
	} {
		if other, ok := seen[string(got)]; ok {
			t.Errorf("the digest of %s equals that of %s", what, other)
		}
		seen[string(got)] = what
	}
}
