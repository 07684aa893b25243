package bootstrap_test

import (
	"net/http"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestNothingNamesADeletedUserWhoWasTwo(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := twoApps(t, s)
		p := start(t, s)
		if err := w.HideUnionID("", "alice", true); err != nil {
			t.Fatal(err)
		}
		older, younger := p.signIn("/api/login", w.at(testAppID, "alice")), p.signIn("/api/login", w.at(otherAppID, "alice"))
		p.expect(http.MethodPost, "/api/user/merge", younger.Token, map[string]string{"token": older.Token}, http.StatusOK, "")
		p.delete(p.signIn("/api/login", w.at(testAppID, "alice")))
		p.leavesTombstone(older.User.ID)
		for _, row := range p.rowsNaming(older.User.ID) {
			mayStay(t, row)
		}
		for _, app := range []string{testAppID, otherAppID} {
			if got := p.signIn("/api/login", w.at(app, "alice")); got.User.ID == older.User.ID || got.User.ID == younger.User.ID {
				t.Errorf("at %s afterwards: got user %s, want somebody new", app, got.User.ID)
			}
		}
	})
}

func TestCodePostedAgainAfterTheDeletionOpensNothing(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()))
		code := w.code("alice")
		in := p.login(code)
		p.delete(in)
		got, r, err := p.tryLogin(code)
		if err != nil {
			t.Fatal(err)
		}
		if r.Status < http.StatusMultipleChoices || r.Status >= http.StatusInternalServerError {
			t.Errorf("the code of a deleted user again: got %s, user %s, want it refused", r, got.User.ID)
		}
		p.isOut(in)
	})
}

func TestNothingThatWeChatPushedNamesADeletedUser(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := onPush(t, s)
		p := start(t, s)
		in := p.signIn("/api/login", w.at(testAppID, "alice"))
		p.pushed(w, wechatsandbox.Push{Event: "news", Person: "alice"})
		p.passedOn("news", 1)
		p.delete(in)
		p.leavesTombstone(in.User.ID)
	})
}
