package wechat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// The example of WeChat's own documentation.
const (
	officialApp  = domain.AppID("wx4f4bc4dec97d474b")
	officialIV   = "r7BXXKkLb8qrSNn05n0qiA=="
	officialData = "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142d" +
		"NCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn" +
		"/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns" +
		"/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuy" +
		"Db/XcxxmK01EpqOyuxINew=="
	officialOpenID = "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
	officialTime   = 1477314187
)

func dataClient(t testing.TB, maxAge time.Duration) bundle {
	t.Helper()
	return setupWith(t, Options{BaseURL: "https://api.weixin.qq.com", WatermarkMaxAge: maxAge}, neverOpens)
}

func TestOfficialProfileIsOpened(t *testing.T) {
	t.Parallel()
	client := dataClient(t, time.Hour)
	now := time.Unix(officialTime, 0).Add(time.Hour)
	for name, data := range map[string]ports.EncryptedData{
		"as it is":       encrypted(officialData, officialIV),
		"in lines":       encrypted(strings.Join(slices.Collect(chunks(officialData, 76)), "\r\n"), officialIV+"\n"),
		"in blanks":      encrypted(" "+strings.Join(slices.Collect(chunks(officialData, 5)), " \t"), " "+officialIV),
		"in lone breaks": encrypted(strings.Join(slices.Collect(chunks(officialData, 3)), "\n"), officialIV),
	} {
		profile, err := client.OpenProfile(officialApp, openID(officialOpenID), sessionKey(testSessionKey), data, now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if profile.Nickname.String() != "Band" || profile.UnionID.Reveal() != "ocMvos6NjeKLIBqg5Mr9QjxrP1FA" ||
			!strings.HasPrefix(profile.AvatarURL.String(), "http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0q") {
			t.Errorf("%s: got %v, unionid %q", name, profile, profile.UnionID.Reveal())
		}
	}
}

func chunks(text string, length int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for part := range slices.Chunk([]byte(text), length) {
			if !yield(string(part)) {
				return
			}
		}
	}
}

func TestWatermarkIsChecked(t *testing.T) {
	t.Parallel()
	given := time.Unix(officialTime, 0)
	for name, test := range map[string]struct {
		app    domain.AppID
		openID string
		maxAge time.Duration
		now    time.Time
		want   error
	}{
		"at once":             {officialApp, officialOpenID, time.Hour, given, nil},
		"at the limit":        {officialApp, officialOpenID, time.Hour, given.Add(time.Hour), nil},
		"too old":             {officialApp, officialOpenID, time.Hour, given.Add(time.Hour + time.Second), domain.ErrWatermarkMismatch},
		"old, of any age":     {officialApp, officialOpenID, 0, given.AddDate(30, 0, 0), nil},
		"a little ahead":      {officialApp, officialOpenID, time.Hour, given.Add(-5 * time.Minute), nil},
		"far ahead":           {officialApp, officialOpenID, time.Hour, given.Add(-5*time.Minute - time.Second), domain.ErrWatermarkMismatch},
		"far ahead, any age":  {officialApp, officialOpenID, 0, given.Add(-time.Hour), domain.ErrWatermarkMismatch},
		"of another app":      {"wx4f4bc4dec97d474c", officialOpenID, time.Hour, given, domain.ErrWatermarkMismatch},
		"of no app":           {"", officialOpenID, time.Hour, given, domain.ErrWatermarkMismatch},
		"of another person":   {officialApp, testOpenID, time.Hour, given, domain.ErrWatermarkMismatch},
		"of nobody":           {officialApp, "", time.Hour, given, domain.ErrWatermarkMismatch},
		"of the epoch's time": {officialApp, officialOpenID, time.Hour, time.Time{}, domain.ErrWatermarkMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := dataClient(t, test.maxAge)
			_, err := client.OpenProfile(test.app, openID(test.openID), sessionKey(testSessionKey), encrypted(officialData, officialIV), test.now)
			if !errors.Is(err, test.want) {
				t.Errorf("got error %v, want %v", err, test.want)
			}
			client.checkDiscreet(t, err)
		})
	}
}

const phoneText = `{"phoneNumber":"%[1]s","purePhoneNumber":"%[1]s","countryCode":"86","watermark":{"timestamp":1477314187,"appid":"` + string(testApp) + `"}}`

func TestPhoneIsOpened(t *testing.T) {
	t.Parallel()
	client := dataClient(t, time.Hour)
	data := encrypt(t, padded(fmt.Sprintf(phoneText, testNumber)))
	phone, err := client.OpenPhone(testApp, sessionKey(testSessionKey), data, time.Unix(officialTime, 0))
	if err != nil || phone.Reveal() != "+86"+testNumber {
		t.Errorf("got %q and error %v, want %q", phone.Reveal(), err, "+86"+testNumber)
	}
}

func TestUnacceptableProfileFieldsAreLeftOut(t *testing.T) {
	t.Parallel()
	client := dataClient(t, 0)
	data := encrypt(t, padded(`{"openId":"`+testOpenID+`","nickName":"a\u202eb","avatarUrl":"javascript:alert(1)","unionId":"a b",`+
		`"watermark":{"timestamp":1477314187,"appid":"`+string(testApp)+`"}}`))
	profile, err := client.OpenProfile(testApp, openID(testOpenID), sessionKey(testSessionKey), data, time.Unix(officialTime, 0))
	if err != nil || profile != (ports.WeChatProfile{}) {
		t.Errorf("got %+v and error %v, want nothing of the three", profile, err)
	}
}

func TestProfileThatWeChatMadeAnonymousSaysNothing(t *testing.T) {
	t.Parallel()
	client := dataClient(t, 0)
	data := encrypt(t, padded(`{"openId":"`+testOpenID+`","nickName":"微信用户","avatarUrl":"https://thirdwx.qlogo.cn/mmopen/grey/132",`+
		`"watermark":{"timestamp":1477314187,"appid":"`+string(testApp)+`"}}`))
	profile, err := client.OpenProfile(testApp, openID(testOpenID), sessionKey(testSessionKey), data, time.Unix(officialTime, 0))
	if err != nil || profile != (ports.WeChatProfile{}) {
		t.Errorf("got %+v and error %v, want nothing", profile, err)
	}
}

func TestRawDataSignatureIsCompared(t *testing.T) {
	t.Parallel()
	const (
		key       = "HyVFkGl5F5OQWJZZaNzBBg=="
		signature = "75e81ceda165f4ffa64f4068af58c64b8f54b88c"
		rawData   = `{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":` +
			`"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}`
	)
	client := dataClient(t, 0)
	for name, test := range map[string]struct {
		key, rawData, signature string
		want                    error
	}{
		"official":        {key, rawData, signature, nil},
		"in capitals":     {key, rawData, strings.ToUpper(signature), nil},
		"another text":    {key, rawData + " ", signature, domain.ErrSignatureMismatch},
		"another key":     {testSessionKey, rawData, signature, domain.ErrSignatureMismatch},
		"cut":             {key, rawData, signature[:38], domain.ErrSignatureMismatch},
		"none":            {key, rawData, "", domain.ErrSignatureMismatch},
		"not hexadecimal": {key, rawData, "zz" + signature[2:], domain.ErrSignatureMismatch},
		"without a key":   {"", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709", domain.ErrSignatureMismatch},
	} {
		if err := client.CheckSignature(sessionKey(test.key), test.rawData, test.signature); !errors.Is(err, test.want) {
			t.Errorf("%s: got error %v, want %v", name, err, test.want)
		}
	}
}
