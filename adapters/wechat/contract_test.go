package wechat

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/adapters/wechatsandbox/sandboxtest"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

// contractClient is a client of a sandbox of its own.
func contractClient(t *testing.T, options wechatsandbox.Options, maxAge time.Duration) (*sandboxtest.Sandbox, *Client) {
	t.Helper()
	sandbox := sandboxtest.Start(t, options)
	client, err := New(Options{
		BaseURL: sandbox.URL, Apps: []App{{demoApp, domain.NewSecret(wechatsandbox.DemoSecret)}}, WatermarkMaxAge: maxAge,
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(client.Close)
	return sandbox, client
}

func TestPhonesContract(t *testing.T) {
	t.Parallel()
	portstest.WeChatPhones(t, func(t *testing.T) portstest.WeChatPhonesParts {
		sandbox, client := contractClient(t, wechatsandbox.Options{}, 0)
		code := func(t *testing.T) domain.Secret { return domain.NewSecret(sandbox.PhoneCode(t, "someone")) }
		return portstest.WeChatPhonesParts{
			Phones: client, App: demoApp, OpenID: openID(sandbox.OpenID("", "someone")),
			Phone: domain.Phone{Secret: domain.NewSecret("+86" + sandbox.PhoneNumber("someone"))},
			Code:  code,
			Foreign: func(t *testing.T) domain.Secret {
				fault := wechatsandbox.Fault{Route: "/wxa/business/getuserphonenumber", Kind: wechatsandbox.FaultWrongWatermark}
				if err := sandbox.AddFaults(fault); err != nil {
					t.Fatalf("AddFaults: %v", err)
				}
				return code(t)
			},
		}
	})
}

func TestSessionKeysContract(t *testing.T) {
	t.Parallel()
	portstest.WeChatSessionKeys(t, func(t *testing.T) portstest.WeChatSessionKeysParts {
		sandbox, client := contractClient(t, wechatsandbox.Options{SessionKeyInterval: time.Nanosecond}, 0)
		return portstest.WeChatSessionKeysParts{
			Keys: client, App: demoApp,
			LogIn: func(t *testing.T, person string) (domain.OpenID, domain.SessionKey) {
				login, err := client.ExchangeCode(t.Context(), demoApp, domain.NewSecret(sandbox.Code(t, person)))
				if err != nil {
					t.Fatalf("ExchangeCode: %v", err)
				}
				return login.OpenID, login.SessionKey
			},
		}
	})
}

func TestDataContract(t *testing.T) {
	t.Parallel()
	given := time.Now().Truncate(time.Second)
	portstest.WeChatData(t, func(t *testing.T) portstest.WeChatDataParts {
		sandbox, client := contractClient(t, wechatsandbox.Options{Clock: func() time.Time { return given }}, 10*time.Minute)
		login := sandboxLogin(t, sandbox, client)
		phone := sandbox.Data(t, wechatsandbox.DataOrder{Person: "someone"})
		profile := sandbox.Data(t, wechatsandbox.DataOrder{Person: "someone", Kind: wechatsandbox.DataUserInfo})
		return portstest.WeChatDataParts{
			Data: client, MaxAge: 10 * time.Minute, App: demoApp, OpenID: login.OpenID, Key: login.SessionKey, Given: given,
			Phone:     encrypted(phone.EncryptedData, phone.IV),
			PhoneTold: domain.Phone{Secret: domain.NewSecret("+86" + sandbox.PhoneNumber("someone"))},
			Profile:   encrypted(profile.EncryptedData, profile.IV),
			// Nickname and picture are everybody's.
			ProfileTold: ports.WeChatProfile{UnionID: domain.UnionID{Secret: domain.NewSecret(sandbox.UnionID("someone"))}},
			Spoiled:     spoiled(t, sandbox),
			RawData:     profile.RawData, Signature: profile.Signature,
		}
	})
}

func spoiled(t *testing.T, sandbox *sandboxtest.Sandbox) map[string]ports.EncryptedData {
	t.Helper()
	data := map[string]ports.EncryptedData{}
	for _, kind := range []wechatsandbox.DataKind{wechatsandbox.DataPhone, wechatsandbox.DataUserInfo} {
		for _, fault := range []wechatsandbox.DataFault{
			wechatsandbox.DataStaleKey, wechatsandbox.DataOtherPerson, wechatsandbox.DataNoWatermark, wechatsandbox.DataBrokenJSON,
			wechatsandbox.DataBrokenPadding, wechatsandbox.DataTruncated, wechatsandbox.DataShortIV,
		} {
			made := sandbox.Data(t, wechatsandbox.DataOrder{Person: "someone", Kind: kind, Fault: fault})
			data[string(kind)+" "+string(fault)] = encrypted(made.EncryptedData, made.IV)
		}
	}
	return data
}
