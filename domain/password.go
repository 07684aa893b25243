package domain

import (
	_ "embed"
	"strings"
	"unicode/utf8"
)

// Password is a chosen password, acceptable and in clear. It exists while a person registers or changes it.
type Password struct{ Secret }

// PasswordHash is what is kept of a password: the PHC string of a slow hash, parameters included. The zero value is "none".
type PasswordHash struct{ Secret }

const (
	minPassword = 8
	maxPassword = 128
)

//go:embed common_passwords.txt
var commonPasswordList string

// commonPasswords are refused whatever their length: they are what is tried first.
var commonPasswords = func() map[string]bool {
	set := make(map[string]bool)
	for line := range strings.Lines(commonPasswordList) {
		set[strings.TrimSpace(line)] = true
	}
	return set
}()

// NewPassword refuses what is too short (8 characters) or too long (128), among the most common ones, one character
// repeated, or the username in either case. Its faults are of the field named.
func NewPassword(field, text string, username Username) (Password, error) {
	refuse := func(rule, why string) (Password, error) {
		return Password{}, Invalid(Violation{Field: field, Rule: rule, Text: why})
	}
	if !utf8.ValidString(text) {
		return refuse("format", "must be text")
	}
	switch rule := outside(text, minPassword, maxPassword); rule {
	case "min", "max":
		return refuse(rule, "must have 8 to 128 characters")
	}
	folded := strings.ToLower(text)
	_, width := utf8.DecodeRuneInString(folded)
	if commonPasswords[folded] || strings.Trim(folded, folded[:width]) == "" {
		return refuse("common", "is one of the most common passwords")
	}
	if username != (Username{}) && folded == strings.ToLower(username.String()) {
		return refuse("same", "must not be the username")
	}
	return Password{NewSecret(text)}, nil
}
