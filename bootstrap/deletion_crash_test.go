package bootstrap_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

func TestDeletionKilledInTheMiddleIsDoneOrNotBegun(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		const rounds, people, crashWithin = 4, 5, 120 * time.Millisecond
		w := startWeChat(t)
		s = s.with(w.settings())
		p := start(t, s)
		p.administrator(t, "root")
		var gone []string
		for round := range rounds {
			var citizens [people]citizen
			for i := range citizens {
				citizens[i] = p.settle(w, testAppID, fmt.Sprintf("person-%d-%d", round, i))
			}
			var answered [people]bool
			atOnce(people+1, func(i int) {
				if i == people {
					<-time.After(rand.N(crashWithin)) //nolint:gosec // a crash comes when it comes
					p.kill()
					return
				}
				r, err := p.try(http.MethodDelete, "/api/user", citizens[i].Token, nil)
				answered[i] = err == nil && r.Status == http.StatusOK
			})
			p = start(t, s)
			root := p.passwordLogin("root")
			done := 0
			for i, c := range citizens {
				if p.isThere(root, c.signIn) {
					if answered[i] {
						t.Errorf("user %s: was told of a deletion that did not happen", c.User.ID)
					}
					p.seesItself(p.login(w.code(c.person)))
					c.signIn = p.login(w.code(c.person))
					p.delete(c.signIn)
				} else {
					done++
				}
				eventually(t, "a deleted user is signed out", func() bool {
					return p.call(http.MethodGet, "/api/auth/check", c.Token, nil).Status == http.StatusUnauthorized
				})
				p.isOut(c.signIn)
				p.finds(root, c, 0)
				gone = append(gone, c.User.ID)
			}
			t.Logf("round %d: of %d deletions the crash let %d happen", round, people, done)
		}
		p.leavesTombstone(gone...)
		for _, id := range gone {
			for _, row := range p.rowsNaming(id) {
				mayStay(t, row)
			}
		}
	})
}

func TestSigningInWithinTheCoolingOffCancelsTheDeletion(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()).with(settings{"deletion.cooling_off": "360h"}))
		root := p.administrator(t, "root")
		alice, bob := p.settle(w, testAppID, "alice"), p.settle(w, testAppID, "bob")
		alice.register(p)
		for way, back := range map[string]func() signIn{
			"WeChat":   func() signIn { return p.login(w.code("alice")) },
			"password": func() signIn { return p.passwordLogin(alice.username) },
		} {
			in := p.login(w.code("alice"))
			p.delete(in)
			p.isOut(in)
			p.isOut(alice.signIn)
			p.expect(http.MethodPut, "/api/user/info", bob.Token, map[string]string{"email": alice.email}, http.StatusConflict, "EMAIL_TAKEN")
			alice.signIn = back()
			if alice.IsNewUser || alice.User.ID != in.User.ID {
				t.Errorf("by %s: got new %t, user %s, want the old user %s", way, alice.IsNewUser, alice.User.ID, in.User.ID)
			}
			if got := p.export(alice.signIn).User; got.DeleteAt != nil {
				t.Errorf("by %s: to be deleted at %s, want not at all", way, *got.DeleteAt)
			}
			p.finds(root, alice, 1)
		}
		for _, e := range of(p.drained(w), alice.User.ID) {
			if e.Type == deletedV1 {
				t.Errorf("got event %s of a user who came back", e.Type)
			}
		}
	})
}

func TestUserIsErasedOnceTheCoolingOffIsOver(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		const coolingOff = 5 * time.Second
		w := startWeChat(t)
		s = s.with(w.settings()).with(settings{"deletion.cooling_off": coolingOff.String()})
		p := start(t, s)
		root := p.administrator(t, "root")
		alice, bob := p.settle(w, testAppID, "alice"), p.settle(w, testAppID, "bob")
		p.delete(alice.signIn)
		p.delete(bob.signIn)
		due := time.After(coolingOff)
		p.isOut(alice.signIn)
		if !p.isThere(root, alice.signIn) {
			t.Error("the user is gone before the cooling-off is over")
		}
		bob.signIn = p.login(w.code("bob")) // and comes back in time
		p.kill()
		<-due

		p = start(t, s) // looks at its start, and later each minute
		eventually(t, "the user is erased", func() bool { return !p.isThere(root, alice.signIn) })
		p.finds(root, alice, 0)
		p.leavesTombstone(alice.User.ID)
		if got := p.user(bob); got.ID != bob.User.ID {
			t.Errorf("who came back in time: got user %s, want %s", got.ID, bob.User.ID)
		}
		if again := p.login(w.code("alice")); !again.IsNewUser {
			t.Error("who was erased: got an old user, want somebody new")
		}
	})
}
