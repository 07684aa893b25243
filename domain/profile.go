package domain

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Username is a chosen sign-in name: 3 to 32 letters, digits, "_", "." and "-". The zero value is "none".
type Username struct{ text string }

// NewUsername refuses what is not a username. The text must be NFKC-normalised already.
func NewUsername(text string) (Username, error) {
	allowed := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_.-", r)
	}
	if n := utf8.RuneCountInString(text); n < 3 || n > 32 || !utf8.ValidString(text) {
		return Username{}, Invalid(Violation{Field: "username", Rule: "length", Text: "must have 3 to 32 characters"})
	}
	if strings.IndexFunc(text, func(r rune) bool { return !allowed(r) }) >= 0 {
		return Username{}, Invalid(Violation{Field: "username", Rule: "format", Text: `may hold letters, digits, "_", "." and "-" only`})
	}
	return Username{text}, nil
}

func (u Username) String() string { return u.text }

// Nickname is what a person wants to be called: up to 64 characters without control or direction marks. The zero value is "none".
type Nickname struct{ text string }

// NewNickname trims the text and refuses what is not a nickname.
func NewNickname(text string) (Nickname, error) {
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n < 1 || n > 64 || !utf8.ValidString(text) {
		return Nickname{}, Invalid(Violation{Field: "nickname", Rule: "length", Text: "must have 1 to 64 characters"})
	}
	if strings.IndexFunc(text, unprintable) >= 0 {
		return Nickname{}, Invalid(Violation{Field: "nickname", Rule: "format", Text: "must not hold control or direction marks"})
	}
	return Nickname{text}, nil
}

func (n Nickname) String() string { return n.text }

// unprintable catches control characters and the marks that turn the direction of text around.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError
}

// AvatarURL is the address of a picture, http or https, up to 1,024 bytes. The zero value is "none".
type AvatarURL struct{ text string }

// NewAvatarURL refuses what is not such an address.
func NewAvatarURL(text string) (AvatarURL, error) {
	address, err := url.Parse(text)
	if err != nil || len(text) > 1024 || (address.Scheme != "http" && address.Scheme != "https") ||
		address.Hostname() == "" || address.User != nil {
		return AvatarURL{}, Invalid(Violation{Field: "avatar_url", Rule: "format", Text: "must be an http or https address"})
	}
	return AvatarURL{text}, nil
}

func (a AvatarURL) String() string { return a.text }

// Email is an e-mail address. It identifies a person and does not print; Masked is for showing.
type Email struct{ Secret }

// NewEmail refuses what cannot be an address: it wants one "@" between a local part and a dotted domain, 254 bytes at
// most (RFC 5321 §4.5.3.1), and no white space or control characters. Only a message sent to it can prove more.
func NewEmail(text string) (Email, error) {
	local, host, found := strings.Cut(text, "@")
	if !found || len(text) > 254 || local == "" || len(local) > 64 || !utf8.ValidString(text) ||
		strings.Contains(host, "@") || !strings.Contains(strings.Trim(host, "."), ".") ||
		strings.HasPrefix(host, ".") || strings.HasSuffix(host, ".") ||
		strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unprintable(r) }) >= 0 {
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

// Phone is a telephone number in E.164. It identifies a person and does not print; Masked is for showing.
type Phone struct{ Secret }

// NewPhone refuses what is not E.164: "+", then 7 to 15 digits, the first not 0.
func NewPhone(text string) (Phone, error) {
	digits, found := strings.CutPrefix(text, "+")
	if !found || len(digits) < 7 || len(digits) > 15 || digits[0] == '0' ||
		strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) >= 0 {
		return Phone{}, Invalid(Violation{Field: "phone", Rule: "format", Text: "is not an E.164 telephone number"})
	}
	return Phone{NewSecret(text)}, nil
}

// Masked shows a mainland number as "138****1234" (GB/T 35273 §7.2) and any other by its last two digits. It is empty
// for no number.
func (p Phone) Masked() string {
	text := p.Reveal()
	if text == "" {
		return ""
	}
	if national, ok := strings.CutPrefix(text, "+86"); ok && len(national) == 11 {
		return national[:3] + "****" + national[7:]
	}
	return "+" + strings.Repeat("*", len(text)-3) + text[len(text)-2:]
}
