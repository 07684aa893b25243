package domain

import "strings"

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

// Masked shows a mainland mobile number as "138****1234" (GB/T 35273 §7.2), and any other by its country code and its last
// digits, four of them where that leaves as many hidden, else two: "+44******7890". It is empty for no number.
func (p Phone) Masked() string {
	digits := strings.TrimPrefix(p.Reveal(), "+")
	if digits == "" {
		return ""
	}
	country, national := splitCountry(digits)
	if country == "86" && len(national) == 11 {
		return national[:3] + "****" + national[7:]
	}
	shown := 4
	if len(national) < 2*shown {
		shown = 2
	}
	hidden := max(len(national)-shown, 0)
	return "+" + country + strings.Repeat("*", hidden) + national[hidden:]
}

// twoDigitCountries are the country codes of two digits (ITU-T E.164). Those of one are 1 and 7; all others have three.
const twoDigitCountries = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "

func splitCountry(digits string) (country, national string) {
	width := 3
	switch {
	case digits[0] == '1' || digits[0] == '7':
		width = 1
	case strings.Contains(twoDigitCountries, " "+digits[:2]+" "):
		width = 2
	}
	return digits[:width], digits[width:]
}
