package wechatsandbox_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestKilledTokenIsInvalidAndTheNextFetchBringsAnother(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	old := b.stable(t, false).AccessToken
	if err := b.KillToken(""); err != nil {
		t.Fatalf("kill token: %v", err)
	}
	got := b.api(t, http.MethodGet, "/wxa/checksession", url.Values{"access_token": {old}}, "")
	if got.Errcode != 40001 || !strings.HasPrefix(got.Errmsg, "invalid credential, access_token is invalid or not latest") {
		t.Errorf("got %d %q, want 40001 with its text", got.Errcode, got.Errmsg)
	}
	fresh := b.stable(t, false).AccessToken
	b.wantUse(t, "fresh token", fresh, 0)
	b.clock.Advance(-time.Hour)
	b.wantUse(t, "dead token with the clock set back", old, 40001)
}

func TestTokensAreKilledAndExpiredByHTTP(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]int{"kill": 40001, "expire": 42001} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			b := setup(t, wechatsandbox.Options{})
			classic, stable := b.token(t).AccessToken, b.stable(t, false).AccessToken
			var echo map[string]any
			if status := b.order(t, http.MethodPost, "/_sandbox/tokens", `{"action":"`+action+`"}`, &echo); status != http.StatusOK {
				t.Fatalf("got %d %v", status, echo)
			}
			b.wantUse(t, "classic token", classic, want)
			b.wantUse(t, "stable token", stable, want)
			b.wantUse(t, "next token", b.stable(t, false).AccessToken, 0)
		})
	}
}

func TestTokensOfAnUnknownAppCannotBeKilled(t *testing.T) {
	t.Parallel()
	server := wechatsandbox.New(wechatsandbox.Options{})
	for name, err := range map[string]error{
		"kill": server.KillToken("wx-none"), "expire": server.ExpireToken("wx-none"),
		"rule": server.SetAppRule("wx-none", wechatsandbox.AppRule{}),
	} {
		if !errors.Is(err, wechatsandbox.ErrUnknownApp) {
			t.Errorf("%s: got %v, want ErrUnknownApp", name, err)
		}
	}
}

func TestExpiresInCanBeNonsense(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	for _, want := range []int64{0, -1, 1<<63 - 1} {
		if err := b.SetAppRule("", wechatsandbox.AppRule{ExpiresIn: &want}); err != nil {
			t.Fatalf("set rule: %v", err)
		}
		if got := b.stable(t, false); got.ExpiresIn != want || got.AccessToken == "" {
			t.Errorf("got %+v, want a token for %d seconds", got, want)
		}
	}
	if err := b.SetAppRule("", wechatsandbox.AppRule{}); err != nil {
		t.Fatalf("lift rule: %v", err)
	}
	if got := b.stable(t, false).ExpiresIn; got != 7200 {
		t.Errorf("rule lifted: got %d seconds, want 7200", got)
	}
}

func TestTokenMayBeMissingFromASuccess(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultEmptyToken, Route: "/cgi-bin/stable_token"})
	if got := b.stable(t, false); got.AccessToken != "" || got.Errcode != 0 || got.ExpiresIn != 7200 {
		t.Errorf("got %+v, want a success without token", got)
	}
}

func TestAddressesOffTheWhitelistGetNoToken(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	for _, test := range []struct {
		rule string
		want int
	}{
		{`{"allowed_ips":["10.0.0.0/8","192.0.2.7"]}`, 40164},
		{`{"allowed_ips":["10.0.0.0/8"],"ip_errcode":89503}`, 89503},
		{`{"ip_errcode":89506}`, 89506},
		{`{"ip_errcode":89507}`, 89507},
		{`{"allowed_ips":["127.0.0.1","::1"]}`, 0},
		{`{"allowed_ips":["127.0.0.0/8"]}`, 0},
		{`{}`, 0},
	} {
		var echo map[string]any
		b.order(t, http.MethodPost, "/_sandbox/apps", test.rule, &echo)
		for name, got := range map[string]reply{"token": b.token(t), "stable": b.stable(t, false)} {
			if got.Errcode != test.want || test.want == 40164 && !strings.HasPrefix(got.Errmsg, "invalid ip 127.0.0.1, not in whitelist, rid: ") {
				t.Errorf("%s under %s: got %+v, want errcode %d", name, test.rule, got, test.want)
			}
		}
	}
	token := b.token(t).AccessToken
	var echo map[string]any
	b.order(t, http.MethodPost, "/_sandbox/apps", `{"ip_errcode":40164}`, &echo)
	b.wantUse(t, "token fetched before", token, 0)
}
