package wechat

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func TestNumberIsReadInEveryDress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ info, want string }{
		"string":         {`"purePhoneNumber":"13800138000","countryCode":"86"`, "+8613800138000"},
		"number":         {`"purePhoneNumber":"13800138000","countryCode":86`, "+8613800138000"},
		"both numbers":   {`"purePhoneNumber":13800138000,"countryCode":86`, "+8613800138000"},
		"plus":           {`"purePhoneNumber":"13800138000","countryCode":"+86"`, "+8613800138000"},
		"zeros":          {`"purePhoneNumber":"13800138000","countryCode":"0086"`, "+8613800138000"},
		"Hong Kong":      {`"purePhoneNumber":"51234567","countryCode":"852"`, "+85251234567"},
		"United States":  {`"purePhoneNumber":"2025550123","countryCode":"1"`, "+12025550123"},
		"Bahamas":        {`"purePhoneNumber":"3591234","countryCode":"1242"`, "+12423591234"},
		"British":        {`"purePhoneNumber":"7911123456","countryCode":"44"`, "+447911123456"},
		"trunk zero":     {`"purePhoneNumber":"07911123456","countryCode":"44"`, "+447911123456"},
		"Italian zero":   {`"purePhoneNumber":"0612345678","countryCode":"39"`, "+390612345678"},
		"no number":      {`"countryCode":"86"`, ""},
		"no country":     {`"purePhoneNumber":"13800138000"`, ""},
		"null country":   {`"purePhoneNumber":"13800138000","countryCode":null`, ""},
		"country twice":  {`"purePhoneNumber":"8613800138000","countryCode":"86"`, ""},
		"too short":      {`"purePhoneNumber":"1380","countryCode":"86"`, ""},
		"too long":       {`"purePhoneNumber":"138001380001380013800","countryCode":"86"`, ""},
		"no country 8":   {`"purePhoneNumber":"613800138000","countryCode":"8"`, ""},
		"no country 999": {`"purePhoneNumber":"13800138000","countryCode":"999"`, ""},
		"letters":        {`"purePhoneNumber":"138CALLHOME","countryCode":"86"`, ""},
		"extension":      {`"purePhoneNumber":"13800138000;ext=1","countryCode":"86"`, ""},
		"full width":     {`"purePhoneNumber":"１３８００１３８０００","countryCode":"86"`, ""},
		"exponent":       {`"purePhoneNumber":1.38e10,"countryCode":86`, ""},
		"list":           {`"purePhoneNumber":["13800138000"],"countryCode":"86"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"errcode":0,"phone_info":{%s,"watermark":{"appid":"%s","timestamp":1637744274}}}`, test.info, testApp)
			phone, err := decodePhone([]byte(body), testApp)
			if got := phone.Reveal(); got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("got %q and error %v, want %q", got, err, test.want)
			}
			if err != nil && !errors.Is(err, domain.ErrWeChatFailed) {
				t.Errorf("got error %v, want %v", err, domain.ErrWeChatFailed)
			}
		})
	}
}

func FuzzNewPhone(f *testing.F) {
	for _, seed := range [][2]string{{"86", "13800138000"}, {"1", "2025550123"}, {"0044", "07911123456"}, {"39", "0612345678"}, {"+", "0"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, country, number string) {
		phone, err := newPhone(country, number)
		if err != nil {
			return
		}
		digits := strings.TrimLeft(strings.TrimPrefix(country, "+"), "0") + number
		if got := phone.Reveal(); got[1:] != digits && len(got[1:]) >= len(digits) {
			t.Errorf("got %q of %q and %q", got, country, number)
		}
	})
}
