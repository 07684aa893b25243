package bootstrap_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// loginsAtOnce posts all codes at one moment.
func (p *program) loginsAtOnce(codes []string) ([]signIn, []reply) {
	p.tb.Helper()
	wishes := make([]map[string]string, len(codes))
	for i, code := range codes {
		wishes[i] = map[string]string{"code": code}
	}
	return p.loginsAtOnceTo(wishes)
}

// loginsAtOnceTo posts all bodies at one moment.
func (p *program) loginsAtOnceTo(bodies []map[string]string) ([]signIn, []reply) {
	p.tb.Helper()
	signIns, replies, errs := make([]signIn, len(bodies)), make([]reply, len(bodies)), make([]error, len(bodies))
	var posts sync.WaitGroup
	begin := make(chan struct{})
	for i, body := range bodies {
		posts.Go(func() {
			<-begin
			signIns[i], replies[i], errs[i] = p.tryLoginWith(body)
		})
	}
	close(begin)
	posts.Wait()
	for i, err := range errs {
		if err != nil || replies[i].Status != http.StatusOK {
			p.tb.Fatalf("login %d of %d at once: got %s %v, want 200\n%s", i, len(bodies), replies[i], err, replies[i].Body)
		}
	}
	return signIns, replies
}

func TestOneCodePostedFiveTimesAtOnceIsOneSession(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()))
		code := w.code("alice")
		w.play(wechatsandbox.Fault{Kind: wechatsandbox.FaultDelay, Delay: 300 * time.Millisecond})
		signIns, replies := p.loginsAtOnce([]string{code, code, code, code, code})
		for i := range replies {
			if !bytes.Equal(replies[i].Data, replies[0].Data) {
				t.Errorf("answer %d: got session %s, want the answer of session %s", i, signIns[i].SessionID, signIns[0].SessionID)
			}
		}
		again := p.login(code) // within ten seconds, from the same address and device
		if again.SessionID != signIns[0].SessionID {
			t.Errorf("session of the same code a moment later: got %s, want %s", again.SessionID, signIns[0].SessionID)
		}
		if got := w.Counters().Received; got != 1 {
			t.Errorf("WeChat was asked %d times, want once", got)
		}
		p.expect(http.MethodPost, "/api/login", "", map[string]any{"code": code, "device": map[string]string{"id": "another"}},
			http.StatusUnauthorized, "WECHAT_CODE_USED")
	})
}

func TestFortyFirstLoginsAtOnceAreOneUser(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()).with(settings{"session.max_per_user": "40"}))
		for _, person := range []string{"alice", "bob", "carol"} {
			p.fortyAtOnce(w, person)
		}
	})
}

func (p *program) fortyAtOnce(w *weChat, person string) {
	p.tb.Helper()
	codes := make([]string, 40)
	for i := range codes {
		codes[i] = w.code(person)
	}
	signIns, _ := p.loginsAtOnce(codes)
	users, sessions, fresh := map[string]bool{}, map[string]bool{}, 0
	for _, in := range signIns {
		users[in.User.ID], sessions[in.SessionID] = true, true
		if in.IsNewUser {
			fresh++
		}
		p.check(in.Token, http.StatusNoContent, "")
	}
	if len(users) != 1 || fresh != 1 || len(sessions) != len(codes) {
		p.tb.Fatalf("%s: got %d users, %d told that they are new, %d sessions; want 1, 1, %d", person, len(users), fresh, len(sessions), len(codes))
	}
	events := of(p.drained(w), signIns[0].User.ID)
	if len(events) != 1 || events[0].Type != registeredV1 {
		p.tb.Errorf("events of %s: got %d, want one %s", person, len(events), registeredV1)
	}
}

func TestFirstLoginsAtTwoMiniProgramsAtOnceAreOneUser(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := twoApps(t, s)
		p := start(t, s)
		for person := range 10 {
			p.bothAtOnce(w, fmt.Sprint("person-", person))
		}
	})
}

func (p *program) bothAtOnce(w *weChat, person string) {
	p.tb.Helper()
	bodies := make([]map[string]string, 8)
	for i := range bodies {
		bodies[i] = w.at([]string{testAppID, otherAppID}[i%2], person)
	}
	signIns, _ := p.loginsAtOnceTo(bodies)
	users, fresh := map[string]bool{}, 0
	for _, in := range signIns {
		users[in.User.ID] = true
		if in.IsNewUser {
			fresh++
		}
	}
	if len(users) != 1 || fresh != 1 {
		p.tb.Fatalf("%s: got %d users, %d told that they are new; want 1, 1", person, len(users), fresh)
	}
	if got := p.linked(signIns[0]); !slices.Equal(got, []string{testAppID, otherAppID}) {
		p.tb.Errorf("%s: got mini-programs %v, want both", person, got)
	}
	if got := len(of(p.drained(w), signIns[0].User.ID)); got != 2 {
		p.tb.Errorf("events of %s: got %d, want a registration and a link", person, got)
	}
}
