package push

import (
	"regexp"
	"strings"
	"unicode"
)

// holdsPhone reports whether a text has a telephone number in it, of the mainland or an international one, however it is written.
// Digits within ids, and instants, are none.
func holdsPhone(text string) bool {
	return telephone.MatchString(machineID.ReplaceAllStringFunc(folded(text), func(id string) string {
		if uuid.MatchString(id) || strings.ContainsAny(id, "abcdefABCDEF") {
			return "id"
		}
		return id
	}))
}

// machineID finds ids in hexadecimal: UUIDs, app ids, those that WeChat traces requests by.
var (
	machineID = regexp.MustCompile(`(?i)\b(?:` + uuidText + `|[0-9a-f]{8}(?:-[0-9a-f]{8})+|(?:wx)?[0-9a-f]{16,})\b`)
	uuid      = regexp.MustCompile(`(?i)^` + uuidText + `$`)
)

const uuidText = `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`

// Separators stand between the digits of a number in few ways. In other groups they are of an instant or a running number, and a
// number in a longer chain of digits and hyphens is a part of an id.
const (
	gap    = `[-() ]{1,3}`
	anyGap = `[-() ]{0,3}`
	begins = `(?:^|[^0-9-]|[^0-9]-)(?:(?:00)?86` + anyGap + `)?`
	ends   = `(?:$|[^0-9-]|-(?:$|[^0-9]))`
	mobile = `(?:1[3-9][0-9]{9}|` +
		`1[3-9][0-9]` + gap + `[0-9](?:` + anyGap + `[0-9]){7}|` +
		`1[3-9][0-9]{2}` + gap + `[0-9](?:` + anyGap + `[0-9]){6}|` +
		`1[3-9][0-9]{3}` + gap + `[0-9](?:` + anyGap + `[0-9]){5}|` +
		`1[3-9][0-9]{5}` + gap + `[0-9]{4}|` +
		`1[3-9]` + gap + `[0-9]{3}` + gap + `[0-9]{3}` + gap + `[0-9]{3}|` +
		`1` + gap + `[3-9](?:` + gap + `[0-9]){9}|` +
		`1[3-9][0-9]\.[0-9]{4}\.[0-9]{4})`
	landline = `0(?:10|2[0-9]|[3-9][0-9]{2})[-.() ]{0,3}[0-9]{3,4}` + anyGap + `[0-9]{4}(?:-[0-9]{1,5})?`
)

var telephone = regexp.MustCompile(
	begins + `(?:` + mobile + `|` + landline + `)` + ends +
		`|\+` + anyGap + `[0-9](?:` + anyGap + `[0-9]){6}` +
		`|(?:\b(?i:tel)|电话|手机|座机)[^0-9]{0,3}[0-9](?:` + anyGap + `[0-9]){6}`)

// folded writes digits, hyphens, spaces and the other characters of ASCII plainly that look like such, and leaves out what cannot
// be seen.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < unicode.MaxASCII:
			if r == '\t' || r == '\n' || r == '\r' {
				return ' '
			}
			return r
		case r >= '！' && r <= '～': // the full-width forms lie in the order of ASCII
			return r - '！' + '!'
		case unicode.Is(unicode.Nd, r):
			return '0' + digit(r)
		case unicode.Is(unicode.Pd, r) || strings.ContainsRune("−·•・", r):
			return '-'
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		default:
			return r
		}
	}, text)
}

// digit is the value of a decimal digit of any script: they lie in tens, from zero on.
func digit(r rune) rune {
	for _, tens := range unicode.Nd.R16 {
		if r >= rune(tens.Lo) && r <= rune(tens.Hi) {
			return (r - rune(tens.Lo)) % 10
		}
	}
	for _, tens := range unicode.Nd.R32 {
		if r >= rune(tens.Lo) && r <= rune(tens.Hi) {
			return (r - rune(tens.Lo)) % 10
		}
	}
	return 0
}
