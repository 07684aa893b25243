package wechatsandbox

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
)

const maxFields = 50

// fieldName is what XML takes for the name of an element.
var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

func (p Push) check() error {
	if err := checkPushURL(p.URL); err != nil {
		return err
	}
	switch {
	case p.Mode != PushPlain && p.Mode != PushCompatible && p.Mode != PushSecure:
		return fmt.Errorf("mode %q is unknown; the modes are plain, compatible, secure", clip(string(p.Mode)))
	case p.Format != PushJSON && p.Format != PushXML:
		return fmt.Errorf("format %q is unknown; the formats are json, xml", clip(string(p.Format)))
	case p.Token == "":
		return errors.New("token must be given")
	case p.Count > maxMessages || p.Copies > maxMessages || p.Count*p.Copies > maxMessages:
		return fmt.Errorf("count times copies must not exceed %d", maxMessages)
	case p.Age < -maxPushAge || p.Age > maxPushAge:
		return errors.New("age must not exceed a year")
	}
	if p.Mode != PushPlain {
		if _, err := decodeAESKey(string(p.AESKey)); err != nil {
			return err
		}
	}
	return p.checkFields()
}

func (p Push) checkFields() error {
	if !fieldName.MatchString(p.Event) {
		return fmt.Errorf("event %q is no name", clip(p.Event))
	}
	if len(p.Fields) > maxFields {
		return fmt.Errorf("fields must not be more than %d", maxFields)
	}
	for key := range p.Fields {
		if !fieldName.MatchString(key) {
			return fmt.Errorf("field %q is no name", clip(key))
		}
	}
	return nil
}

// checkPushURL takes addresses and "localhost" only; where that leads is checked again when the connection is made.
func checkPushURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return fmt.Errorf("url must be http:// or https:// and hold no password")
	}
	if u.Hostname() == "localhost" {
		return nil
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err != nil || !addr.Unmap().IsLoopback() {
		return ErrNotLoopback
	}
	return nil
}
