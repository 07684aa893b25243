package domain

import (
	"strings"
	"unicode/utf8"
)

// Device is what a mini-program says of the device it runs on. None of it is proven; it is shown to the person who looks
// at their sessions, and helps to tell a repeated request from a stranger's.
type Device struct {
	ID       string
	Model    string
	Platform string
	System   string
}

const maxDeviceText = 128

// NewDevice refuses a text over 128 characters or with control characters. Empty texts are "not said".
func NewDevice(id, model, platform, system string) (Device, error) {
	device := Device{ID: id, Model: model, Platform: platform, System: system}
	var faults []Violation
	for _, part := range []struct{ name, text string }{
		{"id", id}, {"model", model}, {"platform", platform}, {"system", system},
	} {
		switch {
		case utf8.RuneCountInString(part.text) > maxDeviceText:
			faults = append(faults, Violation{Field: "device." + part.name, Rule: "max", Text: "must have at most 128 characters"})
		case !utf8.ValidString(part.text) || strings.IndexFunc(part.text, unprintable) >= 0:
			faults = append(faults, Violation{Field: "device." + part.name, Rule: "format", Text: "must not hold control or direction marks"})
		}
	}
	if faults != nil {
		return Device{}, Invalid(faults...)
	}
	return device, nil
}
