package memory_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

const (
	wechatApp    = domain.AppID("wx0123456789abcdef")
	wechatNumber = "+8613812341234"
)

func must[V any](value V, err error) V {
	if err != nil {
		panic(err)
	}
	return value
}

func sessionKey(bytes string) domain.SessionKey {
	return domain.SessionKey{Secret: domain.NewSecret(base64.StdEncoding.EncodeToString([]byte(bytes)))}
}

func TestWeChatPhones(t *testing.T) {
	t.Parallel()
	portstest.WeChatPhones(t, func(*testing.T) portstest.WeChatPhonesParts {
		phones := memory.NewWeChatPhones(wechatApp)
		owner, number, granted := must(domain.NewOpenID("o-1")), must(domain.NewPhone(wechatNumber)), 0
		return portstest.WeChatPhonesParts{
			Phones: phones, App: wechatApp, OpenID: owner, Phone: number,
			Code: func(*testing.T) domain.Secret {
				granted++
				code := fmt.Sprintf("code-%d", granted)
				phones.Grant(code, owner, number)
				return domain.NewSecret(code)
			},
			Foreign: func(*testing.T) domain.Secret {
				phones.Refuse("code-foreign", domain.ErrWatermarkMismatch)
				return domain.NewSecret("code-foreign")
			},
		}
	})
}

func TestWeChatSessionKeys(t *testing.T) {
	t.Parallel()
	portstest.WeChatSessionKeys(t, func(*testing.T) portstest.WeChatSessionKeysParts {
		keys, logins := memory.NewWeChatSessionKeys(wechatApp), 0
		return portstest.WeChatSessionKeysParts{
			Keys: keys, App: wechatApp,
			LogIn: func(_ *testing.T, person string) (domain.OpenID, domain.SessionKey) {
				logins++
				openID, key := domain.OpenID{Secret: domain.NewSecret("o-of-" + fmt.Sprintf("%x", person))}, sessionKey(fmt.Sprintf("%016d", logins))
				keys.Use(wechatApp, openID, key)
				return openID, key
			},
		}
	})
}

func TestWeChatData(t *testing.T) {
	t.Parallel()
	portstest.WeChatData(t, func(*testing.T) portstest.WeChatDataParts {
		key, openID := sessionKey("0123456789abcdef"), must(domain.NewOpenID("o-1"))
		phone := memory.OpenData{App: wechatApp, GivenAt: time.Now(), Phone: wechatNumber}
		profile := memory.OpenData{
			App: wechatApp, GivenAt: phone.GivenAt, OpenID: openID.Reveal(),
			Nickname: "李雷", AvatarURL: "https://example.com/a.png", UnionID: "u-1",
		}
		return portstest.WeChatDataParts{
			Data: memory.NewWeChatData(time.Hour), MaxAge: time.Hour, App: wechatApp, OpenID: openID, Key: key, Given: phone.GivenAt,
			Phone: phone.Seal(key), PhoneTold: must(domain.NewPhone(phone.Phone)),
			Profile: profile.Seal(key),
			ProfileTold: ports.WeChatProfile{
				Nickname: must(domain.NewNickname(profile.Nickname)), AvatarURL: must(domain.NewAvatarURL(profile.AvatarURL)),
				UnionID: must(domain.NewUnionID(profile.UnionID)),
			},
			RawData: "{}", Signature: memory.SignWithSessionKey(key, "{}"),
		}
	})
}

func TestBrokenWeChatFailsUntilMended(t *testing.T) {
	t.Parallel()
	phones, keys, data := memory.NewWeChatPhones(wechatApp), memory.NewWeChatSessionKeys(wechatApp), memory.NewWeChatData(0)
	openID, key := must(domain.NewOpenID("o-1")), sessionKey("0123456789abcdef")
	for range 2 {
		phones.Grant("code", openID, must(domain.NewPhone(wechatNumber)))
		keys.Use(wechatApp, openID, key)
		failures := []error{}
		for _, broken := range []error{errDown, nil} {
			phones.Break(broken)
			keys.Break(broken)
			data.Break(broken)
			_, err := phones.ExchangePhoneCode(t.Context(), wechatApp, openID, domain.NewSecret("code"))
			failures = append(failures, err, keys.ResetSessionKey(t.Context(), wechatApp, openID, key),
				data.CheckSignature(key, "{}", memory.SignWithSessionKey(key, "{}")))
		}
		for i, err := range failures {
			if down := i < 3; down != errors.Is(err, errDown) || !down && err != nil {
				t.Errorf("call %d: got error %v, want it to be down %t", i, err, down)
			}
		}
	}
	if resets := keys.Resets(); phones.Calls() != 4 || len(resets) != 2 || !resets[0].Equal(openID.Secret) {
		t.Errorf("got %d calls and %d resets, want 4 and 2", phones.Calls(), len(resets))
	}
}
