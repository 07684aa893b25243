package wechat

import (
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/adapters/wechatsandbox/sandboxtest"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func sandboxLogin(t *testing.T, sandbox *sandboxtest.Sandbox, client *Client) ports.WeChatLogin {
	t.Helper()
	login, err := client.ExchangeCode(t.Context(), demoApp, domain.NewSecret(sandbox.Code(t, "someone")))
	if err != nil {
		t.Fatalf("ExchangeCode: %v", err)
	}
	return login
}

func TestSandboxSessionKeyIsCheckedAndReset(t *testing.T) {
	t.Parallel()
	sandbox, clients := sandboxReplicas(t, 1, nil)
	client, login := clients[0], sandboxLogin(t, sandbox, clients[0])
	if err := client.CheckSessionKey(t.Context(), demoApp, login.OpenID, login.SessionKey); err != nil {
		t.Errorf("CheckSessionKey: %v", err)
	}
	if err := client.CheckSessionKey(t.Context(), demoApp, login.OpenID, sessionKey(testSessionKey)); !errors.Is(err, domain.ErrSessionKeyStale) {
		t.Errorf("CheckSessionKey of another key: got error %v, want %v", err, domain.ErrSessionKeyStale)
	}
	if err := client.ResetSessionKey(t.Context(), demoApp, login.OpenID, login.SessionKey); err != nil {
		t.Errorf("ResetSessionKey: %v", err)
	}
	if err := client.CheckSessionKey(t.Context(), demoApp, login.OpenID, login.SessionKey); !errors.Is(err, domain.ErrSessionKeyStale) {
		t.Errorf("CheckSessionKey after the reset: got error %v, want %v", err, domain.ErrSessionKeyStale)
	}
	if err := client.ResetSessionKey(t.Context(), demoApp, login.OpenID, login.SessionKey); !errors.Is(err, domain.ErrSessionKeyStale) {
		t.Errorf("ResetSessionKey after the reset: got error %v, want %v", err, domain.ErrSessionKeyStale)
	}
}

func TestSandboxDataIsOpenedOrRefused(t *testing.T) {
	t.Parallel()
	failed, mismatch := error(domain.ErrDecryptionFailed), error(domain.ErrWatermarkMismatch)
	for fault, want := range map[wechatsandbox.DataFault]error{
		"":                              nil,
		wechatsandbox.DataStaleKey:      failed,
		wechatsandbox.DataOtherPerson:   failed,
		wechatsandbox.DataOtherOpenID:   mismatch,
		wechatsandbox.DataWrongApp:      mismatch,
		wechatsandbox.DataNoWatermark:   failed,
		wechatsandbox.DataOld:           mismatch,
		wechatsandbox.DataFuture:        mismatch,
		wechatsandbox.DataBrokenJSON:    failed,
		wechatsandbox.DataBrokenPadding: failed,
		wechatsandbox.DataTruncated:     failed,
		wechatsandbox.DataShortIV:       failed,
	} {
		for _, kind := range []wechatsandbox.DataKind{wechatsandbox.DataPhone, wechatsandbox.DataUserInfo} {
			if fault == wechatsandbox.DataOtherOpenID && kind == wechatsandbox.DataPhone {
				continue
			}
			t.Run(string(kind)+" "+string(fault), func(t *testing.T) {
				t.Parallel()
				sandbox := sandboxtest.Start(t, wechatsandbox.Options{})
				client, err := New(Options{
					BaseURL: sandbox.URL, Apps: []App{{demoApp, domain.NewSecret(wechatsandbox.DemoSecret)}}, WatermarkMaxAge: 10 * time.Minute,
				})
				if err != nil {
					t.Fatalf("New: %v", err)
				}
				t.Cleanup(client.Close)
				login := sandboxLogin(t, sandbox, client)
				made, err := sandbox.EncryptedData(wechatsandbox.DataOrder{Person: "someone", Kind: kind, Fault: fault})
				if err != nil {
					t.Fatalf("EncryptedData: %v", err)
				}
				if err := openSandboxData(sandbox, client, login, kind, made); !errors.Is(err, want) {
					t.Errorf("got error %v, want %v", err, want)
				}
			})
		}
	}
}

func openSandboxData(
	sandbox *sandboxtest.Sandbox, client *Client, login ports.WeChatLogin, kind wechatsandbox.DataKind, made wechatsandbox.EncryptedData,
) error {
	data := encrypted(made.EncryptedData, made.IV)
	if kind == wechatsandbox.DataPhone {
		phone, err := client.OpenPhone(demoApp, login.SessionKey, data, time.Now())
		if err == nil && phone.Reveal() != "+86"+sandbox.PhoneNumber("someone") {
			return errors.New("another number")
		}
		return err
	}
	_, err := client.OpenProfile(demoApp, login.OpenID, login.SessionKey, data, time.Now())
	if err != nil {
		return err
	}
	return client.CheckSignature(login.SessionKey, made.RawData, made.Signature)
}

func TestSandboxSignatureIsRefused(t *testing.T) {
	t.Parallel()
	sandbox, clients := sandboxReplicas(t, 1, nil)
	login := sandboxLogin(t, sandbox, clients[0])
	made, err := sandbox.EncryptedData(wechatsandbox.DataOrder{
		Person: "someone", Kind: wechatsandbox.DataUserInfo, Fault: wechatsandbox.DataWrongSignature,
	})
	if err != nil {
		t.Fatalf("EncryptedData: %v", err)
	}
	if err := clients[0].CheckSignature(login.SessionKey, made.RawData, made.Signature); !errors.Is(err, domain.ErrSignatureMismatch) {
		t.Errorf("got error %v, want %v", err, domain.ErrSignatureMismatch)
	}
}
