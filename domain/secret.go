package domain

import (
	"crypto/subtle"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is text that must not be shown: a login code, a key, a token, an identifier of a person. However it is printed,
// logged or marshalled, also deep inside another value, only "[redacted]" (or an address) appears. Reveal is the one way
// to the text, so that every place that uses it can be found.
//
// The zero value is the empty secret.
type Secret struct {
	// A pointer, because package fmt cannot call String on what lies in an unexported field and would print the text.
	text *string
}

// NewSecret hides text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the hidden text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal compares in a time that depends on the lengths alone.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

func (s Secret) String() string { return redacted }

// GoString keeps %#v from showing the text.
func (s Secret) GoString() string { return redacted }

// LogValue keeps package slog from showing the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps encoders from showing the text. An adapter that means to send it calls Reveal.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
