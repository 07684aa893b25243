package wechatpush

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/domain"
)

// look is a look-alike of WeChat that pushes to a bundle.
type look struct {
	*bundle
	sandbox *wechatsandbox.Server
	url     string
}

func pushedBySandbox(t *testing.T) *look {
	t.Helper()
	b := setup(t, 1714112445)
	server := httptest.NewServer(b.handler)
	t.Cleanup(server.Close)
	return &look{b, wechatsandbox.New(wechatsandbox.Options{
		Apps: []wechatsandbox.App{{AppID: string(plainApp)}, {AppID: string(officialApp)}}, Clock: b.clock,
	}), server.URL + "/wechat/push/"}
}

// known keeps the look-alike's person, with a nickname.
func (l *look) known(t *testing.T, app domain.AppID) domain.UserID {
	t.Helper()
	id := l.person(t, app)
	user, err := l.store.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	state := user.State()
	if state.WeChat[0].OpenID, err = domain.NewOpenID(l.sandbox.OpenID(string(app), "alice")); err != nil {
		t.Fatal(err)
	}
	l.store.Put(domain.RestoreUser(state))
	return id
}

func (l *look) push(t *testing.T, app domain.AppID, push wechatsandbox.Push) wechatsandbox.PushReport {
	t.Helper()
	push.URL, push.AppID, push.Person, push.Token = l.url+string(app), string(app), "alice", officialToken
	if app == officialApp && push.AESKey == "" {
		push.AESKey = wechatsandbox.Secret(officialKey.Reveal())
	}
	report, err := l.sandbox.Push(t.Context(), push)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestLookAlikeIsUnderstoodInEveryModeAndFormat(t *testing.T) {
	t.Parallel()
	for mode, app := range map[wechatsandbox.PushMode]domain.AppID{
		wechatsandbox.PushPlain: plainApp, wechatsandbox.PushCompatible: officialApp, wechatsandbox.PushSecure: officialApp,
	} {
		for _, format := range []wechatsandbox.PushFormat{wechatsandbox.PushJSON, wechatsandbox.PushXML} {
			t.Run(string(mode)+" "+string(format), func(t *testing.T) {
				t.Parallel()
				l := pushedBySandbox(t)
				id := l.known(t, app)
				if report := l.push(t, app, wechatsandbox.Push{Mode: mode, Format: format, Verify: true}); report.Accepted != 1 {
					t.Errorf("verification: got %+v", report)
				}
				wish := wechatsandbox.Push{Mode: mode, Format: format, Event: "user_authorization_revoke", Copies: 3}
				wish.LowerCaseKeys, wish.PaddedKeys = format == wechatsandbox.PushXML, format == wechatsandbox.PushJSON
				for _, replayed := range []bool{false, true} {
					wish.Replay = replayed
					if report := l.push(t, app, wish); report.Accepted != 3 || len(report.Attempts) != 3 {
						t.Errorf("revocation: got %+v, want three accepted at once", report)
					}
				}
				if got := l.nickname(t, id); got != "" || len(l.store.Events()) != 1 {
					t.Errorf("got nickname %q and %d events, want none and 1", got, len(l.store.Events()))
				}
				wish = wechatsandbox.Push{Mode: mode, Format: format, Count: 3, Copies: 2, OutOfOrder: true}
				if report := l.push(t, app, wish); report.Accepted != 6 || len(l.names()) != 3 {
					t.Errorf("other events: got %+v, published %v, want three", report, l.names())
				}
			})
		}
	}
}

func TestWhatTheLookAlikeForgesIsRefused(t *testing.T) {
	t.Parallel()
	event := wechatsandbox.Push{Event: "user_info_modified"}
	forged := map[string]func(p *wechatsandbox.Push){
		"wrong signature": func(p *wechatsandbox.Push) { p.WrongSignature = true },
		"wrong receiver":  func(p *wechatsandbox.Push) { p.WrongReceiver = true },
		"old":             func(p *wechatsandbox.Push) { p.Age = 11 * time.Minute },
		"wrong key":       func(p *wechatsandbox.Push) { p.AESKey = wechatsandbox.Secret(strings.Repeat("B", 43)) },
		"plain":           func(p *wechatsandbox.Push) { p.Mode = wechatsandbox.PushPlain },
	}
	for name, forge := range forged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := pushedBySandbox(t)
			id := l.known(t, officialApp)
			wish := event
			forge(&wish)
			if report := l.push(t, officialApp, wish); report.Accepted != 0 || report.Attempts[0].Status != 403 {
				t.Errorf("got %+v, want 403 each time", report)
			}
			if l.nickname(t, id) == "" {
				t.Error("a forged message had an effect")
			}
		})
	}
	l := pushedBySandbox(t)
	id := l.known(t, officialApp)
	event.WithoutOpenID = true
	if report := l.push(t, officialApp, event); report.Accepted != 1 || l.nickname(t, id) == "" {
		t.Errorf("message without an openid: got %+v, nickname %q, want it accepted and ignored", report, l.nickname(t, id))
	}
}
