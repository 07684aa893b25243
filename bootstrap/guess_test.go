package bootstrap_test

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestTwelveWrongPasswordsSlowTheGuesserAndHurtNobody(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		owner, neighbour := p.register("alice"), p.register("bob")
		refused, wait := 0, 0
		for range 12 {
			r := p.call(http.MethodPost, "/api/login/password", "", credentials("Alice", wrongPassword))
			switch r.String() {
			case "401 BAD_CREDENTIALS":
			case "429 TOO_MANY_ATTEMPTS":
				refused++
				wait, _ = strconv.Atoi(r.Header.Get("Retry-After"))
				if wait < 1 || wait > 900 {
					t.Errorf("Retry-After: got %q, want seconds up to a quarter of an hour", r.Header.Get("Retry-After"))
				}
			default:
				t.Errorf("a wrong password: got %s\n%s", r, r.Body)
			}
		}
		if refused < 4 {
			t.Errorf("of twelve wrong passwords %d were refused with 429, want at least 4", refused)
		}
		p.expect(http.MethodGet, "/api/user/info", owner.Token, nil, http.StatusOK, "")
		p.check(p.refresh(owner.RefreshToken).Token, http.StatusNoContent, "")
		p.check(neighbour.Token, http.StatusNoContent, "")
		p.passwordLogin("bob") // who comes from the same address
		begin := time.Now()
		eventually(t, "the right password is good again", func() bool {
			return p.call(http.MethodPost, "/api/login/password", "", credentials("alice", goodPassword)).Status == http.StatusOK
		})
		t.Logf("%d of 12 refused, told to wait %d s; the right password was good again after %s", refused, wait, time.Since(begin).Round(100*time.Millisecond))
		p.passwordLogin("alice") // the count has begun anew
	})
}

func TestUnknownNameAndWrongPasswordCannotBeToldApart(t *testing.T) {
	t.Parallel()
	p := start(t, local(t))
	p.register("alice")
	requestID := regexp.MustCompile(`"request_id":"[^"]+"`)
	wrong := p.refuseLogin("alice", wrongPassword, http.StatusUnauthorized, "BAD_CREDENTIALS")
	for _, name := range []string{"nobody", "nobody@example.com", "not a name!", "@", "阿"} {
		unknown := p.refuseLogin(name, wrongPassword, http.StatusUnauthorized, "BAD_CREDENTIALS")
		if got, want := requestID.ReplaceAllString(string(unknown.Body), ""), requestID.ReplaceAllString(string(wrong.Body), ""); got != want {
			t.Errorf("%s: got %s, want what a wrong password gets: %s", name, got, want)
		}
	}
}

var peakMemory = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory in MiB that the program has held, or 0 where the system does not say.
func (p *program) peak() int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	kib, _ := strconv.Atoi(first(peakMemory, string(status)))
	return kib / 1024
}

func TestManyPasswordsAtOnceTakeTimeAndNotMemory(t *testing.T) {
	t.Parallel()
	p := start(t, local(t))
	owner, before := p.register("owner"), p.peak()
	idle := p.infoTimes(owner, 200, nil)

	stop, busy := make(chan struct{}), make(chan []time.Duration)
	go func() { busy <- p.infoTimes(owner, math.MaxInt, stop) }()
	var mu sync.Mutex
	answers := map[string]int{}
	atOnce(64, func(i int) {
		r, err := p.try(http.MethodPost, "/api/login/password", "", credentials(fmt.Sprintf("guest-%d", i), wrongPassword))
		mu.Lock()
		defer mu.Unlock()
		answers[fmt.Sprint(r, err)]++
	})
	close(stop)
	loaded := <-busy
	t.Logf("64 callers: %v; memory %d MiB before, %d MiB at most; user info p99 %s idle, %s meanwhile (%d requests)",
		answers, before, p.peak(), p99(idle), p99(loaded), len(loaded))
	if grown := p.peak() - before; grown > 400 || p.peak() > 600 {
		t.Errorf("memory: grew by %d MiB to %d MiB, want it bounded by the cores", grown, p.peak())
	}
	for answer := range answers {
		if answer != "401 BAD_CREDENTIALS <nil>" && answer != "503 DEPENDENCY_UNAVAILABLE <nil>" {
			t.Errorf("a sign-in among many: got %s", answer)
		}
	}
	p.passwordLogin("owner")
}

// infoTimes asks for the user again and again, so many times or until stop, and returns how long each answer took.
func (p *program) infoTimes(in signIn, times int, stop <-chan struct{}) (took []time.Duration) {
	for range times {
		select {
		case <-stop:
			return took
		default:
		}
		r, err := p.try(http.MethodGet, "/api/user/info", in.Token, nil)
		if err != nil || r.Status != http.StatusOK {
			p.tb.Errorf("user info: got %s %v, want 200", r, err)
			return took
		}
		took = append(took, r.Took)
	}
	return took
}

func p99(took []time.Duration) time.Duration {
	slices.Sort(took)
	if len(took) == 0 {
		return 0
	}
	return took[len(took)*99/100].Round(100 * time.Microsecond)
}
