package httpapi

import (
	"errors"

	"golang.org/x/text/unicode/norm"

	"github.com/menjin-id/menjin/domain"
)

// normalised is the one form (NFKC) of a name that can be typed in several.
func normalised(text string) string { return norm.NFKC.String(text) }

func usernameOf(text string) (domain.Username, error) { return domain.NewUsername(normalised(text)) }

func emailOf(text string) (domain.Email, error) { return domain.NewEmail(normalised(text)) }

// given reads an optional text, and is the zero value when it was left out.
func given[T any](text *string, read func(string) (T, error)) (value T, err error) {
	if text == nil {
		return value, nil
	}
	return read(*text)
}

// joined is one error of all that several values have wrong.
func joined(errs ...error) error {
	var violations []domain.Violation
	for _, err := range errs {
		if err == nil {
			continue
		}
		invalid, ok := errors.AsType[*domain.Error](err)
		if !ok || len(invalid.Violations) == 0 {
			return err
		}
		violations = append(violations, invalid.Violations...)
	}
	if violations == nil {
		return nil
	}
	return domain.Invalid(violations...)
}
