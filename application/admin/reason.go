package admin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/menjin-id/menjin/domain"
)

const maxReason = 200

// checkReason refuses a reason that the audit log could not show on a line of its own.
func checkReason(reason string) error {
	switch {
	case strings.TrimSpace(reason) == "":
		return domain.Invalid(domain.Violation{Field: "reason", Rule: "required", Text: "must say why"})
	case utf8.RuneCountInString(reason) > maxReason:
		return domain.Invalid(domain.Violation{Field: "reason", Rule: "max", Text: "must have at most 200 characters"})
	case strings.IndexFunc(reason, unicode.IsControl) >= 0 || !utf8.ValidString(reason):
		return domain.Invalid(domain.Violation{Field: "reason", Rule: "format", Text: "must not hold control characters"})
	}
	return nil
}
