package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

const (
	otherAppID     = "wx00000000000000bb"
	otherAppSecret = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
)

// twoApps are settings for two mini-programs of one company, and the look-alike that plays both.
func twoApps(t *testing.T, s settings) (*weChat, settings) {
	t.Helper()
	w := startWeChat(t, wechatsandbox.App{AppID: otherAppID, Secret: otherAppSecret})
	return w, s.with(w.settings()).with(settings{
		"wechat.apps": `[{"app_id": "` + otherAppID + `", "app_secret": "` + otherAppSecret + `"}]`,
	})
}

// at is the body of a login at a mini-program.
func (w *weChat) at(app, person string) map[string]string {
	w.tb.Helper()
	code, err := w.MintCode(app, person)
	if err != nil {
		w.tb.Fatal(err)
	}
	return map[string]string{"code": code, "app_id": app}
}

// linked are the mini-programs of a user.
func (p *program) linked(in signIn) (apps []string) {
	p.tb.Helper()
	var user struct {
		WeChat []struct {
			AppID string `json:"app_id"`
		} `json:"wechat"`
	}
	r := p.expect(http.MethodGet, "/api/user/info", in.Token, nil, http.StatusOK, "")
	if err := json.Unmarshal(r.Data, &user); err != nil {
		p.tb.Fatal(err)
	}
	for _, identity := range user.WeChat {
		apps = append(apps, identity.AppID)
	}
	slices.Sort(apps)
	return apps
}

func TestOnePersonAtTwoMiniProgramsIsOneUser(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := twoApps(t, s)
		p := start(t, s)
		here, there := p.signIn("/api/login", w.at(testAppID, "alice")), p.signIn("/api/login", w.at(otherAppID, "alice"))
		if there.User.ID != here.User.ID || there.IsNewUser {
			t.Errorf("at the other mini-program: got user %s, new %t; want %s, known by unionid", there.User.ID, there.IsNewUser, here.User.ID)
		}
		stranger := p.signIn("/api/login", w.at(otherAppID, "bob"))
		if stranger.User.ID == here.User.ID {
			t.Error("two people are one user")
		}
		if got := p.linked(here); !slices.Equal(got, []string{testAppID, otherAppID}) {
			t.Errorf("mini-programs of the user: got %v, want both", got)
		}
		p.expect(http.MethodPost, "/api/login", "", map[string]string{"code": "x", "app_id": "wx00000000000000cc"}, http.StatusBadRequest, "INVALID_ARGUMENT")

		p.expect(http.MethodDelete, "/api/user/wechat/"+otherAppID, here.Token, nil, http.StatusOK, "")
		p.expect(http.MethodDelete, "/api/user/wechat/"+otherAppID, here.Token, nil, http.StatusNotFound, "NOT_FOUND")
		p.expect(http.MethodDelete, "/api/user/wechat/"+testAppID, here.Token, nil, http.StatusConflict, "LAST_CREDENTIAL")
		p.expect(http.MethodPost, "/api/user/wechat", here.Token, w.at(otherAppID, "bob"), http.StatusConflict, "WECHAT_TAKEN")
		p.expect(http.MethodPost, "/api/user/wechat", here.Token, w.at(otherAppID, "alice"), http.StatusOK, "")
		p.expect(http.MethodPut, "/api/user/password", stranger.Token,
			map[string]string{"username": "bob", "new_password": goodPassword}, http.StatusOK, "")
		p.expect(http.MethodDelete, "/api/user/wechat/"+otherAppID, stranger.Token, nil, http.StatusOK, "") // there is a password
		if got := p.passwordLogin("bob").User.ID; got != stranger.User.ID {
			t.Errorf("by password: got user %s, want %s", got, stranger.User.ID)
		}
	})
}

func TestTwoAccountsOfOnePersonAreMergedOnTheirWord(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := twoApps(t, s)
		p := start(t, s)
		if err := w.HideUnionID("", "alice", true); err != nil {
			t.Fatal(err)
		}
		older, younger := p.signIn("/api/login", w.at(testAppID, "alice")), p.signIn("/api/login", w.at(otherAppID, "alice"))
		if older.User.ID == younger.User.ID {
			t.Fatal("without a unionid two identities became one user")
		}
		if err := w.HideUnionID("", "alice", false); err != nil {
			t.Fatal(err)
		}
		for _, one := range []struct {
			app  string
			want signIn
		}{{testAppID, older}, {otherAppID, younger}} { // the unionid that arrives late moves nobody
			if got := p.signIn("/api/login", w.at(one.app, "alice")); got.User.ID != one.want.User.ID {
				t.Errorf("at %s after the unionid: got user %s, want %s as before", one.app, got.User.ID, one.want.User.ID)
			}
		}
		merge := func(token string, status int, reason string) {
			t.Helper()
			p.expect(http.MethodPost, "/api/user/merge", younger.Token, map[string]string{"token": token}, status, reason)
		}
		merge("nonsense", http.StatusBadRequest, "INVALID_ARGUMENT")
		merge(younger.Token, http.StatusBadRequest, "INVALID_ARGUMENT")
		merge(older.Token, http.StatusOK, "")
		for _, in := range []signIn{older, younger} {
			p.check(in.Token, http.StatusUnauthorized, "SESSION_ENDED")
			p.refuseRefresh(in.RefreshToken, http.StatusUnauthorized, "REFRESH_TOKEN_INVALID")
		}
		for _, app := range []string{testAppID, otherAppID} {
			in := p.signIn("/api/login", w.at(app, "alice"))
			if in.User.ID != older.User.ID || in.IsNewUser {
				t.Errorf("at %s after the merge: got user %s, want the older %s", app, in.User.ID, older.User.ID)
			}
			if got := p.linked(in); len(got) != 2 {
				t.Errorf("mini-programs after the merge: got %v, want both", got)
			}
		}
		p.toldOfMerge(older, younger)
	})
}

// toldOfMerge wants each of the two accounts to have an event of the merge.
func (p *program) toldOfMerge(older, younger signIn) {
	p.tb.Helper()
	const mergedV1 = "menjin.user.merged.v1"
	about := func(events []event, in signIn) bool {
		return slices.ContainsFunc(of(events, in.User.ID), func(e event) bool { return e.Type == mergedV1 })
	}
	readEvents(p.tb, p.events, func(events []event) bool { return about(events, older) && about(events, younger) })
}
