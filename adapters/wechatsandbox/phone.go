package wechatsandbox

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	homeCountry    = "86"
	phoneCodeBytes = 32
	maxNumber      = 20
)

// ErrBadPhone is returned for a number or country code that is no row of digits.
var ErrBadPhone = fmt.Errorf("phone number and country code must be digits, %d at most", maxNumber)

// Phone is the number that WeChat knows of a person.
type Phone struct {
	Number      string `json:"number,omitempty"`       // without the country code; empty means PhoneNumber's
	CountryCode string `json:"country_code,omitempty"` // empty means 86
	// NumericCountryCode tells the country code as a JSON number, as some of WeChat's answers do.
	NumericCountryCode bool `json:"numeric_country_code,omitempty"`
}

// PhoneNumber tells the number made up for a person, who keeps it as they keep their openid. An empty person means the
// default one.
func (s *Server) PhoneNumber(person string) string {
	_, person = s.orDefault("", person)
	sum := sha256.Sum256([]byte(s.deriveID("phone", "", person)))
	return fmt.Sprintf("199%08d", binary.BigEndian.Uint64(sum[:8])%100_000_000)
}

// MintPhoneCode does what a tap on the phone number button does: it returns a phone code for a person of an app, good for
// one call of getuserphonenumber within Options.CodeTTL. It is no login code, and the person need not have logged in.
// Arguments and errors are those of MintCode; a bad phone returns ErrBadPhone.
func (s *Server) MintPhoneCode(appID, person string, phone Phone) (string, error) {
	appID, person = s.orDefault(appID, person)
	now := s.now()
	info, err := s.newPhoneInfo(appID, person, phone, now)
	if err := errors.Join(s.checkApp(appID), checkPerson(person), err); err != nil {
		return "", fmt.Errorf("mint phone code: %w", err)
	}
	code := &oneTimeCode{
		text:    newPhoneCode(),
		appID:   appID,
		person:  person,
		openID:  s.OpenID(appID, person),
		expires: now.Add(s.opts.CodeTTL),
		phone:   info,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.phoneCodes.add(code, now); err != nil {
		return "", fmt.Errorf("mint phone code: %w", err)
	}
	return code.text, nil
}

func newPhoneCode() string {
	var code [phoneCodeBytes]byte
	_, _ = rand.Read(code[:])
	return hex.EncodeToString(code[:])
}

type watermark struct {
	Timestamp int64  `json:"timestamp"`
	AppID     string `json:"appid"`
}

// phoneInfo is a number in WeChat's shape.
type phoneInfo struct {
	PhoneNumber     string          `json:"phoneNumber"`
	PurePhoneNumber string          `json:"purePhoneNumber"`
	CountryCode     json.RawMessage `json:"countryCode"`
	Watermark       *watermark      `json:"watermark,omitempty"`
}

// newPhoneInfo puts the country code before numbers from abroad, as WeChat does.
func (s *Server) newPhoneInfo(appID, person string, phone Phone, now time.Time) (phoneInfo, error) {
	if phone.Number == "" {
		phone.Number = s.PhoneNumber(person)
	}
	if phone.CountryCode == "" {
		phone.CountryCode = homeCountry
	}
	if !digits(phone.Number) || !digits(phone.CountryCode) {
		return phoneInfo{}, ErrBadPhone
	}
	info := phoneInfo{
		PhoneNumber:     phone.Number,
		PurePhoneNumber: phone.Number,
		CountryCode:     json.RawMessage(strconv.Quote(phone.CountryCode)),
		Watermark:       &watermark{Timestamp: now.Unix(), AppID: appID},
	}
	if phone.CountryCode != homeCountry {
		info.PhoneNumber = phone.CountryCode + phone.Number
	}
	if phone.NumericCountryCode {
		info.CountryCode = json.RawMessage(cmp.Or(strings.TrimLeft(phone.CountryCode, "0"), "0"))
	}
	return info, nil
}

func digits(text string) bool {
	return text != "" && len(text) <= maxNumber && strings.Trim(text, "0123456789") == ""
}
