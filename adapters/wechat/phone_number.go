package wechat

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/menjin-id/menjin/domain"
)

// phoneInfo is how WeChat tells a telephone number, in an answer as in encrypted data.
type phoneInfo struct {
	PhoneNumber     digits     `json:"phoneNumber"`
	PurePhoneNumber digits     `json:"purePhoneNumber"`
	CountryCode     digits     `json:"countryCode"` // a number in some of WeChat's answers
	Watermark       *watermark `json:"watermark"`
}

// digits is a text that may be sent as a number.
type digits string

func (d *digits) UnmarshalJSON(raw []byte) error {
	var number json.Number // takes both
	if err := json.Unmarshal(raw, &number); err == nil {
		*d = digits(number)
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	*d = digits(text)
	return nil
}

var errPhone = errors.New("implausible telephone number")

// newPhone puts a country code and the number without it together to E.164. It wants the code to be the one that the whole
// number begins with, and a length that the country has.
func newPhone(countryCode, number string) (domain.Phone, error) {
	country := strings.TrimLeft(strings.TrimPrefix(countryCode, "+"), "0")
	if !isDigits(country, 4) || !isDigits(number, 16) {
		return domain.Phone{}, errPhone
	}
	parsed, err := phonenumbers.Parse("+"+country+number, "")
	if err != nil || !strings.HasPrefix(country, strconv.Itoa(int(parsed.GetCountryCode()))) ||
		phonenumbers.IsPossibleNumberWithReason(parsed) != phonenumbers.IS_POSSIBLE {
		return domain.Phone{}, errPhone
	}
	return domain.NewPhone(phonenumbers.Format(parsed, phonenumbers.E164))
}

func isDigits(text string, most int) bool {
	return text != "" && len(text) <= most && strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
