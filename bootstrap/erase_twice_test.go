package bootstrap_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestTwoReplicasTakeAPushAtOnceAndDoItOnce(t *testing.T) {
	t.Parallel()
	w, s := onPush(t, onServers(t))
	a, b := startTwo(t, s)
	both := []*program{a, b}
	const people = 6
	var citizens [people]citizen
	for i := range citizens {
		citizens[i] = a.settle(w, appOf(ways()[i%len(ways())]), fmt.Sprintf("person-%d", i))
	}
	made := fmt.Sprint(time.Now().Unix())
	for _, event := range []string{"news", wechatsandbox.EventUserAuthorizationRevoke, wechatsandbox.EventUserAuthorizationCanceled} {
		atOnce(2*people*2, func(i int) { // twice to each
			push := ways()[i%people%len(ways())]
			push.Event, push.Person = event, citizens[i%people].person
			if event == "news" {
				push.Person = fmt.Sprintf("stranger-%d", i%people)
			}
			push.Fields = map[string]string{"CreateTime": made}
			both[i/people%2].pushed(w, push)
		})
		if event == wechatsandbox.EventUserAuthorizationRevoke {
			for _, c := range citizens {
				told := of(a.drained(w), c.User.ID)
				if got := len(told); got != 5 { // registered, the profile, the number; the end of both
					t.Errorf("events after a withdrawal: got %d, want 5: %v", got, told)
				}
			}
		}
	}
	for _, c := range citizens {
		b.isOut(c.signIn)
		a.leavesTombstone(c.User.ID)
	}
	if got := a.passedOn("news", people); len(got) != people {
		t.Errorf("messages passed on: got %d, want %d", len(got), people)
	}
	a.erasedOnce(people)
}

// erasedOnce counts what the audit log tells of deletions.
func (p *program) erasedOnce(want int) {
	p.tb.Helper()
	db, got := p.database(), 0
	for _, row := range p.rows(db, "audit_log") {
		if strings.Contains(row, "|user.delete|") {
			got++
		}
	}
	if got != want {
		p.tb.Errorf("deletions in the audit log: got %d, want %d", got, want)
	}
}

func TestTwoReplicasEraseAtOnceAndOnce(t *testing.T) {
	t.Parallel()
	w, s := onPush(t, onServers(t))
	const people, coolingOff = 6, time.Second
	var citizens [people]citizen
	p := start(t, s.with(settings{"deletion.cooling_off": coolingOff.String()}))
	for i := range citizens {
		citizens[i] = p.settle(w, testAppID, fmt.Sprintf("due-%d", i))
	}
	for _, c := range citizens {
		p.delete(c.signIn)
	}
	due := time.After(coolingOff)
	p.kill()
	<-due
	a, b := startTwo(t, s) // both look at their start
	for _, c := range citizens {
		a.leavesTombstone(c.User.ID)
	}
	a.erasedOnce(people)

	for i := range citizens {
		citizens[i] = b.settle(w, testAppID, fmt.Sprintf("due-%d", i))
	}
	atOnce(3*people, func(i int) {
		c := citizens[i%people]
		if i >= 2*people {
			a.pushed(w, wechatsandbox.Push{Event: wechatsandbox.EventUserAuthorizationCanceled, Person: c.person})
			return
		}
		r, err := []*program{a, b}[i/people].try(http.MethodDelete, "/api/user", c.Token, nil)
		if err != nil || r.Status != http.StatusOK && r.Reason != "SESSION_ENDED" {
			t.Errorf("delete at both replicas: got %s %v, want 200 or 401 SESSION_ENDED", r, err)
		}
	})
	for _, c := range citizens {
		a.isOut(c.signIn)
		b.isOut(c.signIn)
		a.leavesTombstone(c.User.ID)
	}
	a.erasedOnce(2 * people)
}
