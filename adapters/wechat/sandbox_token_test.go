package wechat

import (
	"errors"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/adapters/wechatsandbox/sandboxtest"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const demoApp = domain.AppID(wechatsandbox.DemoAppID)

// sandboxReplicas are clients of one sandbox that share their tokens.
func sandboxReplicas(t *testing.T, count int, shared ports.SharedTokens) (*sandboxtest.Sandbox, []*Client) {
	t.Helper()
	sandbox := sandboxtest.Start(t, wechatsandbox.Options{})
	clients := make([]*Client, count)
	for i := range clients {
		client, err := New(Options{
			BaseURL: sandbox.URL, Apps: []App{{demoApp, domain.NewSecret(wechatsandbox.DemoSecret)}}, SharedTokens: shared,
		})
		if err != nil {
			t.Fatalf("New: %v", err)
		}
		t.Cleanup(client.Close)
		clients[i] = client
	}
	return sandbox, clients
}

func phoneCode(t *testing.T, sandbox *sandboxtest.Sandbox, phone wechatsandbox.Phone) domain.Secret {
	t.Helper()
	code, err := sandbox.MintPhoneCode("", "someone", phone)
	if err != nil {
		t.Fatalf("mint phone code: %v", err)
	}
	return domain.NewSecret(code)
}

// callSandbox makes calls at once, each with a code of its own, spread over the clients.
func callSandbox(t *testing.T, sandbox *sandboxtest.Sandbox, clients []*Client, calls int) {
	t.Helper()
	want := "+86" + sandbox.PhoneNumber("someone")
	person := openID(sandbox.OpenID("", "someone"))
	var calling sync.WaitGroup
	for i := range calls {
		code := phoneCode(t, sandbox, wechatsandbox.Phone{})
		calling.Go(func() {
			phone, err := clients[i%len(clients)].ExchangePhoneCode(t.Context(), demoApp, person, code)
			if err != nil || phone.Reveal() != want {
				t.Errorf("got %q and error %v, want %q", phone.Reveal(), err, want)
			}
		})
	}
	calling.Wait()
}

func TestSandboxSeesOneFetchForAllCalls(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		replicas int
		shared   ports.SharedTokens
	}{
		"one replica": {1, nil}, "three replicas": {3, memory.NewSharedTokens()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sandbox, clients := sandboxReplicas(t, test.replicas, test.shared)
			wantFetches := func(want uint64) {
				t.Helper()
				if got := sandbox.Counters().TokenFetches; got != want {
					t.Errorf("got %d fetches, want %d", got, want)
				}
			}
			callSandbox(t, sandbox, clients, 50)
			wantFetches(1)
			if err := sandbox.KillToken(""); err != nil {
				t.Fatalf("KillToken: %v", err)
			}
			callSandbox(t, sandbox, clients, 50)
			wantFetches(2)
			if err := sandbox.ExpireToken(""); err != nil {
				t.Fatalf("ExpireToken: %v", err)
			}
			callSandbox(t, sandbox, clients, 50)
			wantFetches(3)
		})
	}
}

func TestSandboxPhoneCodes(t *testing.T) {
	t.Parallel()
	sandbox, clients := sandboxReplicas(t, 1, nil)
	person := openID(sandbox.OpenID("", "someone"))
	for want, number := range map[string]wechatsandbox.Phone{
		"+8613800138000": {Number: "13800138000", NumericCountryCode: true},
		"+85251234567":   {Number: "51234567", CountryCode: "852"},
		"+12025550123":   {Number: "2025550123", CountryCode: "1", NumericCountryCode: true},
	} {
		phone, err := clients[0].ExchangePhoneCode(t.Context(), demoApp, person, phoneCode(t, sandbox, number))
		if err != nil || phone.Reveal() != want {
			t.Errorf("got %q and error %v, want %q", phone.Reveal(), err, want)
		}
	}
	code := phoneCode(t, sandbox, wechatsandbox.Phone{})
	for _, openID := range []domain.OpenID{openID(sandbox.OpenID("", "somebody else")), person} {
		_, err := clients[0].ExchangePhoneCode(t.Context(), demoApp, openID, code)
		if stranger := openID != person; stranger != errors.Is(err, domain.ErrWeChatCodeInvalid) {
			t.Errorf("stranger %t: got error %v", stranger, err)
		}
	}
	if _, err := clients[0].ExchangePhoneCode(t.Context(), demoApp, person, code); !errors.Is(err, domain.ErrWeChatCodeInvalid) {
		t.Errorf("used code: got error %v, want %v", err, domain.ErrWeChatCodeInvalid)
	}
	if err := sandbox.AddFaults(wechatsandbox.Fault{Kind: wechatsandbox.FaultWrongWatermark}); err != nil {
		t.Fatalf("AddFaults: %v", err)
	}
	_, err := clients[0].ExchangePhoneCode(t.Context(), demoApp, person, phoneCode(t, sandbox, wechatsandbox.Phone{}))
	if !errors.Is(err, domain.ErrWatermarkMismatch) {
		t.Errorf("other app's number: got error %v, want %v", err, domain.ErrWatermarkMismatch)
	}
}

func TestPhoneCodeSpentBeforeTheResetIsNotSentAgain(t *testing.T) {
	t.Parallel()
	sandbox, clients := sandboxReplicas(t, 1, nil)
	callSandbox(t, sandbox, clients, 1)
	if err := sandbox.AddFaults(wechatsandbox.Fault{Kind: wechatsandbox.FaultReset, After: true}); err != nil {
		t.Fatalf("AddFaults: %v", err)
	}
	person := openID(sandbox.OpenID("", "someone"))
	_, err := clients[0].ExchangePhoneCode(t.Context(), demoApp, person, phoneCode(t, sandbox, wechatsandbox.Phone{}))
	if !errors.Is(err, domain.ErrWeChatFailed) {
		t.Errorf("got error %v, want %v", err, domain.ErrWeChatFailed)
	}
	if got := sandbox.Counters().Calls[phoneAPI.path]; got != 2 {
		t.Errorf("got %d calls for two codes, want 2", got)
	}
}
