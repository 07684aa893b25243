package bootstrap_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

func TestLockedUserIsKeptOutUntilUnlocked(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		admin := p.administrator(t, "root")
		p.register("alice")
		for way, turn := range map[string]func(lock bool, in signIn){
			"admin API": func(lock bool, in signIn) {
				path, body := "/api/admin/users/"+in.User.ID+"/unlock", any(nil)
				if lock {
					path, body = "/api/admin/users/"+in.User.ID+"/lock", map[string]string{"reason": "a confirmed report"}
				}
				p.expect(http.MethodPost, path, admin.Token, body, http.StatusOK, "")
			},
			"command line": func(lock bool, in signIn) {
				if lock {
					says(t, s, []string{"user", "lock", "Alice"}, "locked "+in.User.ID)
					return
				}
				says(t, s, []string{"user", "unlock", in.User.ID}, "unlocked "+in.User.ID)
			},
		} {
			in := p.passwordLogin("alice")
			turn(true, in)
			p.check(in.Token, http.StatusUnauthorized, "SESSION_ENDED")
			p.refuseRefresh(in.RefreshToken, http.StatusForbidden, "ACCOUNT_LOCKED")
			p.refuseLogin("alice", goodPassword, http.StatusForbidden, "ACCOUNT_LOCKED")
			p.refuseLogin("alice", wrongPassword, http.StatusUnauthorized, "BAD_CREDENTIALS")

			turn(false, in)
			p.check(in.Token, http.StatusUnauthorized, "SESSION_ENDED") // ended is ended
			p.refuseRefresh(in.RefreshToken, http.StatusUnauthorized, "REFRESH_TOKEN_INVALID")
			again := p.passwordLogin("alice")
			p.check(again.Token, http.StatusNoContent, "")
			p.expect(http.MethodGet, "/api/user/info", again.Token, nil, http.StatusOK, "")
			if t.Failed() {
				t.Fatalf("by %s", way)
			}
		}
		p.check(admin.Token, http.StatusNoContent, "")
	})
}

func TestLockedWeChatUserIsToldSo(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		in := p.login(p.sandboxCode("alice"))
		says(t, s, []string{"user", "lock", in.User.ID, "--reason", "test"}, "locked ")
		p.check(in.Token, http.StatusUnauthorized, "SESSION_ENDED")
		p.expect(http.MethodPost, "/api/login", "", map[string]string{"code": p.sandboxCode("alice")}, http.StatusForbidden, "ACCOUNT_LOCKED")
		says(t, s, []string{"user", "unlock", in.User.ID}, "unlocked ")
		p.seesItself(p.login(p.sandboxCode("alice")))
	})
}

func TestSignInThatRacesALockIsNotLeftSignedIn(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		admin := p.administrator(t, "root")
		for round := range 10 {
			person := fmt.Sprintf("person-%d", round)
			signIns := []signIn{p.login(p.sandboxCode(person))}
			user := "/api/admin/users/" + signIns[0].User.ID
			codes := make([]string, 8)
			for i := range codes {
				codes[i] = p.sandboxCode(person)
			}
			var mu sync.Mutex
			atOnce(len(codes)+1, func(i int) {
				if i == len(codes) {
					if r, err := p.try(http.MethodPost, user+"/lock", admin.Token, map[string]string{"reason": "test"}); err != nil || r.Status != http.StatusOK {
						t.Errorf("lock: got %s %v, want 200", r, err)
					}
					return
				}
				if in, r, err := p.tryLogin(codes[i]); err == nil && r.Status == http.StatusOK {
					mu.Lock()
					defer mu.Unlock()
					signIns = append(signIns, in)
				}
			})
			for _, in := range signIns {
				p.check(in.Token, http.StatusUnauthorized, "SESSION_ENDED")
			}
		}
	})
}
