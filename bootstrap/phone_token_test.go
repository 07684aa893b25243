package bootstrap_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// caller is somebody signed in who is about to bind a number.
type caller struct {
	signIn
	code string
}

// callers sign in, each with a phone code for a number of their own.
func (p *program) callers(w *weChat, label string, many int) []caller {
	p.tb.Helper()
	people := make([]caller, many)
	for i := range people {
		person := fmt.Sprintf("%s-%d", label, i)
		number := wechatsandbox.Phone{Number: fmt.Sprintf("1%010d", time.Now().UnixNano()/1000%1e10)}
		people[i] = caller{p.login(w.code(person)), w.phoneCodeFor(person, number)}
	}
	return people
}

// bindAtOnce lets everybody bind at one moment, and wants nobody to notice anything of it.
func bindAtOnce(t *testing.T, people []caller, at func(i int) *program) {
	t.Helper()
	atOnce(len(people), func(i int) {
		r, err := at(i).try(http.MethodPost, "/api/user/phone", people[i].Token, map[string]string{"code": people[i].code})
		if err != nil || r.Status != http.StatusOK {
			t.Errorf("call %d: got %s %v, want 200\n%s", i, r, err, r.Body)
		}
	})
}

func (w *weChat) wantFetches(when string, want uint64) {
	w.tb.Helper()
	if got := w.Counters().TokenFetches; got != want {
		w.tb.Errorf("fetches of an access_token %s: got %d, want %d", when, got, want)
	}
}

func TestFiftyPhoneCallsAtOnceFetchOneToken(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()))
		here := func(int) *program { return p }
		bindAtOnce(t, p.callers(w, "cold", 50), here)
		w.wantFetches("by fifty on a cold cache", 1)
		for i, end := range []func(string) error{w.KillToken, w.ExpireToken} {
			people := p.callers(w, fmt.Sprintf("ended-%d", i), 20)
			if err := end(""); err != nil {
				t.Fatal(err)
			}
			bindAtOnce(t, people, here)
			w.wantFetches("after WeChat ended the token", uint64(i)+2)
		}
		if got := w.Counters().PhoneNumbers; got != 90 {
			t.Errorf("numbers paid for: got %d, want 90", got)
		}
	})
}

func TestThreeReplicasFetchOneToken(t *testing.T) {
	t.Parallel()
	s, w := onServers(t), startWeChat(t)
	replicas := startThree(t, s.with(w.settings()))
	everywhere := func(i int) *program { return replicas[i%len(replicas)] }
	bindAtOnce(t, replicas[0].callers(w, "cold", 30), everywhere)
	w.wantFetches("by three replicas", 1)
	for i, end := range []func(string) error{w.KillToken, w.ExpireToken} {
		people := replicas[i].callers(w, fmt.Sprintf("ended-%d", i), 30)
		if err := end(""); err != nil {
			t.Fatal(err)
		}
		bindAtOnce(t, people, everywhere)
		w.wantFetches("by three replicas after WeChat ended the token", uint64(i)+2)
	}
	late := start(t, replicas[0].settings)
	bindAtOnce(t, late.callers(w, "late", 5), func(int) *program { return late })
	w.wantFetches("by a replica that came later", 3)
}

func startThree(t *testing.T, s settings) (replicas [3]*program) {
	t.Helper()
	for i := range replicas {
		replicas[i] = launch(t, s)
	}
	for _, p := range replicas {
		p.await()
	}
	return replicas
}

func TestRedisLostAndBackMakesNoStormOfFetches(t *testing.T) {
	t.Parallel()
	redis, w := redistest.NewServer(t), startWeChat(t)
	replicas := startThree(t, onServers(t).with(w.settings()).with(settings{"sessions.url": redis.URL() + patientRedis}))
	everywhere := func(i int) *program { return replicas[i%len(replicas)] }
	bindAtOnce(t, replicas[0].callers(w, "before", 30), everywhere)
	w.wantFetches("with Redis there", 1)

	for round, stop := range []func(){redis.Stop, redis.Kill} {
		lost := replicas[0].callers(w, fmt.Sprintf("lost-%d", round), 10)
		stop()
		if err := w.KillToken(""); err != nil {
			t.Fatal(err)
		}
		atOnce(len(lost), func(i int) {
			r, err := everywhere(i).try(http.MethodPost, "/api/user/phone", lost[i].Token, map[string]string{"code": lost[i].code})
			if err != nil || r.String() != "503 DEPENDENCY_UNAVAILABLE" { // sessions are there too
				t.Errorf("without Redis: got %s %v, want 503 DEPENDENCY_UNAVAILABLE", r, err)
			}
		})
		redis.Start()
		for _, p := range replicas {
			p.recovers("login", http.MethodPost, "/api/login", "", func() any { return map[string]string{"code": w.code("alice")} })
		}
		before := w.Counters().TokenFetches
		bindAtOnce(t, replicas[0].callers(w, fmt.Sprintf("back-%d", round), 60), everywhere)
		got := w.Counters().TokenFetches - before
		t.Logf("three replicas fetched %d times after Redis came back", got)
		if got < 1 || got > uint64(len(replicas)) {
			t.Errorf("fetches after Redis came back: got %d, want one for each replica at most", got)
		}
	}
}
