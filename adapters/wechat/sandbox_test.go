package wechat

import (
	"context"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/adapters/wechatsandbox/sandboxtest"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports/portstest"
)

func setupSandbox(t *testing.T, timeout time.Duration) (*sandboxtest.Sandbox, *Client) {
	t.Helper()
	sandbox := sandboxtest.Start(t, wechatsandbox.Options{})
	client, err := New(Options{
		BaseURL: sandbox.URL,
		Timeout: timeout,
		Apps:    []App{{wechatsandbox.DemoAppID, domain.NewSecret(wechatsandbox.DemoSecret)}},
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(client.Close)
	return sandbox, client
}

func TestContract(t *testing.T) {
	t.Parallel()
	portstest.WeChat(t, func(t *testing.T) portstest.WeChatParts {
		sandbox, client := setupSandbox(t, 0)
		return portstest.WeChatParts{WeChat: client, App: wechatsandbox.DemoAppID, Code: func(t *testing.T) domain.Secret {
			return domain.NewSecret(sandbox.Code(t, "someone"))
		}}
	})
}

func TestSandboxFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault wechatsandbox.Fault
		want  *domain.Error
	}{
		"reset after the code is spent": {wechatsandbox.Fault{Kind: wechatsandbox.FaultReset, After: true}, domain.ErrWeChatFailed},
		"hang":                          {wechatsandbox.Fault{Kind: wechatsandbox.FaultHang}, domain.ErrWeChatTimeout},
		"slow body":                     {wechatsandbox.Fault{Kind: wechatsandbox.FaultSlowBody}, domain.ErrWeChatTimeout},
		"huge body":                     {wechatsandbox.Fault{Kind: wechatsandbox.FaultHugeBody}, domain.ErrWeChatFailed},
		"page of a proxy":               {wechatsandbox.Fault{Kind: wechatsandbox.FaultBadGateway}, domain.ErrWeChatFailed},
		"broken JSON":                   {wechatsandbox.Fault{Kind: wechatsandbox.FaultBrokenJSON}, domain.ErrWeChatFailed},
		"truncated body":                {wechatsandbox.Fault{Kind: wechatsandbox.FaultTruncatedBody}, domain.ErrWeChatFailed},
		"empty openid":                  {wechatsandbox.Fault{Kind: wechatsandbox.FaultEmptyOpenID}, domain.ErrWeChatFailed},
		"short session_key":             {wechatsandbox.Fault{Kind: wechatsandbox.FaultShortSessionKey}, domain.ErrWeChatFailed},
		"byte order mark":               {wechatsandbox.Fault{Kind: wechatsandbox.FaultBOM}, nil},
		"errcode 0":                     {wechatsandbox.Fault{Kind: wechatsandbox.FaultWithErrcode}, nil},
		"busy once":                     {wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: -1}, nil},
		"rate limit":                    {wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: 45011}, domain.ErrWeChatRateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := defaultTimeout
			if test.want == domain.ErrWeChatTimeout {
				timeout = 300 * time.Millisecond
			}
			sandbox, client := setupSandbox(t, timeout)
			if err := sandbox.AddFaults(test.fault); err != nil {
				t.Fatalf("AddFaults: %v", err)
			}
			code := domain.NewSecret(sandbox.Code(t, "someone"))
			login, err := client.ExchangeCode(context.Background(), wechatsandbox.DemoAppID, code)
			if test.want != nil {
				bundle{client, new(logBuffer)}.checkFailure(t, err, test.want)
				return
			}
			if got, want := login.OpenID.Reveal(), sandbox.OpenID("", "someone"); err != nil || got != want {
				t.Errorf("got openid %q and error %v, want %q", got, err, want)
			}
		})
	}
}
