package domain

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Username is a chosen sign-in name: 3 to 32 letters, digits, "_", "." and "-", the first a letter or digit. The zero value
// is "none".
type Username struct{ text string }

// NewUsername refuses what is not a username. The text must be NFKC-normalised already.
func NewUsername(text string) (Username, error) {
	allowed := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_.-", r)
	}
	if rule := outside(text, 3, 32); rule != "" {
		return Username{}, Invalid(Violation{Field: "username", Rule: rule, Text: "must have 3 to 32 characters"})
	}
	if strings.IndexFunc(text, func(r rune) bool { return !allowed(r) }) >= 0 || strings.ContainsRune("_.-", rune(text[0])) {
		return Username{}, Invalid(Violation{Field: "username", Rule: "format", Text: `must begin with a letter or digit and hold letters, digits, "_", "." and "-" only`})
	}
	return Username{text}, nil
}

func (u Username) String() string { return u.text }

// Nickname is what a person wants to be called: up to 64 characters without control or direction marks. The zero value is "none".
type Nickname struct{ text string }

// NewNickname trims the text and refuses what is not a nickname.
func NewNickname(text string) (Nickname, error) {
	text = strings.TrimSpace(text)
	if rule := outside(text, 1, 64); rule != "" {
		return Nickname{}, Invalid(Violation{Field: "nickname", Rule: rule, Text: "must have 1 to 64 characters"})
	}
	if strings.IndexFunc(text, unprintable) >= 0 || strings.IndexFunc(text, unicode.IsGraphic) < 0 {
		return Nickname{}, Invalid(Violation{Field: "nickname", Rule: "format", Text: "must not hold control or direction marks, nor be invisible"})
	}
	return Nickname{text}, nil
}

func (n Nickname) String() string { return n.text }

// outside names the rule that a length in characters breaks.
func outside(text string, least, most int) (rule string) {
	switch n := utf8.RuneCountInString(text); {
	case n < least:
		return "min"
	case n > most:
		return "max"
	default:
		return ""
	}
}

// unprintable catches control characters, line separators, the marks that turn the direction of text around, and bytes that
// are no text.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}

// AvatarURL is the address of a picture, http or https, up to 1,024 bytes. The zero value is "none".
type AvatarURL struct{ text string }

// NewAvatarURL refuses what is not such an address.
func NewAvatarURL(text string) (AvatarURL, error) {
	address, err := url.Parse(text)
	hostile := func(r rune) bool { return unprintable(r) || unicode.IsSpace(r) || strings.ContainsRune("<>\"'\\`", r) }
	if err != nil || len(text) > 1024 || strings.IndexFunc(text, hostile) >= 0 || (address.Scheme != "http" && address.Scheme != "https") ||
		address.Hostname() == "" || address.User != nil {
		return AvatarURL{}, Invalid(Violation{Field: "avatar_url", Rule: "format", Text: "must be an http or https address"})
	}
	return AvatarURL{text}, nil
}

func (a AvatarURL) String() string { return a.text }

// Email is an e-mail address. It identifies a person and does not print; Masked is for showing.
type Email struct{ Secret }

// NewEmail refuses what cannot be an address: it wants one "@" between a local part and a dotted domain, 254 bytes at
// most (RFC 5321 §4.5.3.1), and nothing that would end an address in a message's header. Only a message sent to it can prove
// more.
func NewEmail(text string) (Email, error) {
	local, host, _ := strings.Cut(text, "@")
	hostile := func(r rune) bool {
		return unprintable(r) || unicode.IsSpace(r) || strings.ContainsRune("<>()[],;:\"\\", r)
	}
	if len(text) > 254 || local == "" || len(local) > 64 || strings.IndexFunc(text, hostile) >= 0 ||
		!strings.Contains(host, ".") || slices.Contains(strings.Split(host, "."), "") || strings.Contains(host, "@") {
		return Email{}, Invalid(Violation{Field: "email", Rule: "format", Text: "is not an e-mail address"})
	}
	return Email{NewSecret(text)}, nil
}

// Masked keeps the first character and the domain: "a***@example.com". It is empty for no address.
func (e Email) Masked() string {
	local, host, found := strings.Cut(e.Reveal(), "@")
	if !found {
		return ""
	}
	_, width := utf8.DecodeRuneInString(local)
	return local[:width] + "***@" + host
}
