package bootstrap_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
)

func TestPushIsTakenWhileNATSIsAway(t *testing.T) {
	t.Parallel()
	server := natstest.NewServer(t)
	w, s := onPush(t, onServers(t).with(settings{"events.url": server.URL()}))
	p := start(t, s)
	root := p.administrator(t, "root")
	alice, bob := p.settle(w, testAppID, "alice"), p.settle(w, testAppID, "bob")
	server.Stop()
	for _, push := range []wechatsandbox.Push{
		{Event: "news", Person: "alice"},
		{Event: wechatsandbox.EventUserAuthorizationRevoke, Person: "alice"},
		{Event: wechatsandbox.EventUserAuthorizationCanceled, Person: "bob"},
	} {
		begin := time.Now()
		p.pushed(w, push)
		if took := time.Since(begin); took >= 5*time.Second {
			t.Errorf("%s without NATS: answered after %s, want less than 5s", push.Event, took)
		}
	}
	if got := p.user(alice).has(); len(got) != 0 {
		t.Errorf("what was withdrawn without NATS: stays %v, want nothing", got)
	}
	p.isOut(bob.signIn)
	p.finds(root, bob, 0)
	server.Start()
	p.passedOn("news", 1)
	p.leavesTombstone(bob.User.ID)
}

func TestPushComesAgainWhenPostgreSQLIsAway(t *testing.T) {
	t.Parallel()
	database := pgtest.NewServer(t)
	w, s := onPush(t, onServers(t).with(settings{"database.url": database.Database(nil)}))
	p := start(t, s)
	alice, bob := p.settle(w, testAppID, "alice"), p.settle(w, otherAppID, "bob")
	pushes := []wechatsandbox.Push{
		{Event: "news", Person: "alice"},
		{Event: wechatsandbox.EventUserAuthorizationRevoke, Person: "alice"},
		{Event: wechatsandbox.EventUserAuthorizationCanceled, Person: "bob", Mode: wechatsandbox.PushPlain},
	}
	made := fmt.Sprint(time.Now().Unix())
	for i := range pushes {
		pushes[i].Fields = map[string]string{"CreateTime": made} // what comes again is the same message
	}
	database.Stop()
	for _, push := range pushes {
		begin := time.Now()
		report := p.push(w, push)
		if took := time.Since(begin) / 4; report.Accepted != 0 || len(report.Attempts) != 4 || took >= 5*time.Second {
			t.Errorf("%s without a database: got %+v, each after %s, want WeChat to try again three times", push.Event, report, took)
		}
	}
	database.Start()
	p.recovers("user info", http.MethodGet, "/api/user/info", alice.Token, nothing)
	for _, push := range pushes {
		eventually(t, push.Event+" is taken", func() bool { return p.push(w, push).Accepted == 1 })
		p.pushed(w, push)
	}
	if got := p.user(alice).has(); len(got) != 0 {
		t.Errorf("what was withdrawn in the end: stays %v, want nothing", got)
	}
	p.isOut(bob.signIn)
	p.leavesTombstone(bob.User.ID)
	if got := p.passedOn("news", 1); len(got) != 1 {
		t.Errorf("messages passed on: got %d, want 1", len(got))
	}
}

func TestCancellationKilledInTheMiddleIsFinished(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		const rounds, people, crashWithin = 3, 5, 120 * time.Millisecond
		w, s := onPush(t, s.with(settings{"deletion.cooling_off": "360h"}))
		p := start(t, s)
		p.administrator(t, "root")
		var gone []string
		for round := range rounds {
			var citizens [people]citizen
			var pushes [people]wechatsandbox.Push
			for i := range citizens {
				citizens[i] = p.settle(w, testAppID, fmt.Sprintf("person-%d-%d", round, i))
				pushes[i] = wechatsandbox.Push{
					Event: wechatsandbox.EventUserAuthorizationCanceled, Person: citizens[i].person,
					Fields: map[string]string{"CreateTime": fmt.Sprint(time.Now().Unix())},
				}
			}
			var taken [people]bool
			atOnce(people+1, func(i int) {
				if i == people {
					<-time.After(rand.N(crashWithin)) //nolint:gosec // a crash comes when it comes
					p.kill()
					return
				}
				taken[i] = p.push(w, pushes[i]).Accepted == 1
			})
			p = start(t, s)
			root := p.passwordLogin("root")
			for i, c := range citizens {
				if !taken[i] {
					p.pushed(w, pushes[i]) // as WeChat does
				}
				eventually(t, "whoever cancelled is erased", func() bool { return !p.isThere(root, c.signIn) })
				p.finds(root, c, 0)
				gone = append(gone, c.User.ID)
			}
		}
		p.leavesTombstone(gone...)
	})
}
