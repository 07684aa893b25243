package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/internal/testserver"
)

func TestPersonSignsInAndOut(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		if p.sandbox == "" || p.events == "" {
			t.Fatalf("the addresses of the look-alike and of NATS are not printed:\n%s", p.out.String())
		}
		alice := p.login(p.sandboxCode("alice"))
		if !alice.IsNewUser {
			t.Error("is_new_user at the first login: got false, want true")
		}
		p.seesItself(alice)
		events := readEvents(t, p.events, func(events []event) bool { return len(of(events, alice.User.ID)) == 1 })
		if e := of(events, alice.User.ID)[0]; e.Type != registeredV1 || e.Version != 1 {
			t.Errorf("first event: got %s version %d, want %s version 1", e.Type, e.Version, registeredV1)
		}

		p.expect(http.MethodPost, "/api/logout", alice.Token, nil, http.StatusOK, "")
		p.check(alice.Token, http.StatusUnauthorized, "SESSION_ENDED")
		p.expect(http.MethodPost, "/api/logout", alice.Token, nil, http.StatusUnauthorized, "SESSION_ENDED")

		again := p.login(p.sandboxCode("alice"))
		if again.IsNewUser || again.User.ID != alice.User.ID || again.SessionID == alice.SessionID {
			t.Errorf("second login: got new %t, user %s, session %s; want the old user %s, a new session",
				again.IsNewUser, again.User.ID, again.SessionID, alice.User.ID)
		}
		p.logsOutEverywhere(again)
	})
}

// sandboxCode plays wx.login at the look-alike of the program.
func (p *program) sandboxCode(person string) string {
	p.tb.Helper()
	response, err := http.Post(p.sandbox+"/_sandbox/codes", "application/json", strings.NewReader(`{"person":"`+person+`"}`))
	if err != nil {
		p.tb.Fatal(err)
	}
	defer response.Body.Close()
	var minted struct {
		Code string `json:"code"`
	}
	if err := json.NewDecoder(response.Body).Decode(&minted); err != nil || minted.Code == "" {
		p.tb.Fatalf("mint a code: status %d, %v", response.StatusCode, err)
	}
	secret := sieveOf(p.tb)
	secret.keep("code", minted.Code)
	secret.keepPerson(wechatsandbox.New(wechatsandbox.Options{}), "", person) // another look-alike knows people by the same
	return minted.Code
}

func (p *program) seesItself(in signIn) {
	p.tb.Helper()
	info := p.expect(http.MethodGet, "/api/user/info", in.Token, nil, http.StatusOK, "")
	var user struct {
		ID     string   `json:"id"`
		Roles  []string `json:"roles"`
		WeChat []struct {
			AppID string `json:"app_id"`
		} `json:"wechat"`
	}
	if err := json.Unmarshal(info.Data, &user); err != nil || user.ID != in.User.ID || len(user.WeChat) != 1 {
		p.tb.Errorf("user info: got %s (%v), want user %s with one WeChat identity", info.Data, err, in.User.ID)
	}
	header := p.check(in.Token, http.StatusNoContent, "").Header
	if header.Get("X-User-Id") != in.User.ID || header.Get("X-Session-Id") != in.SessionID {
		p.tb.Errorf("auth check: got user %s session %s, want %s and %s",
			header.Get("X-User-Id"), header.Get("X-Session-Id"), in.User.ID, in.SessionID)
	}
}

func (p *program) logsOutEverywhere(one signIn) {
	p.tb.Helper()
	other, bystander := p.login(p.sandboxCode("alice")), p.login(p.sandboxCode("bob"))
	p.expect(http.MethodPost, "/api/logout/all", one.Token, nil, http.StatusOK, "")
	p.check(one.Token, http.StatusUnauthorized, "SESSION_ENDED")
	p.check(other.Token, http.StatusUnauthorized, "SESSION_ENDED")
	p.check(bystander.Token, http.StatusNoContent, "")
	later := p.login(p.sandboxCode("alice"))
	p.check(later.Token, http.StatusNoContent, "")

	events := of(readEvents(p.tb, p.events, func(events []event) bool { return len(of(events, one.User.ID)) == 3 }), one.User.ID)
	for i, want := range []string{registeredV1, sessionEndedV1, sessionEndedV1} {
		if events[i].Type != want || events[i].Version != i+1 {
			p.tb.Errorf("event %d: got %s version %d, want %s version %d", i, events[i].Type, events[i].Version, want, i+1)
		}
	}
	if data := string(events[2].Data); !strings.Contains(data, `"session_id":null`) || !strings.Contains(data, "logout_all") {
		p.tb.Errorf("event of logout everywhere: got %s, want no single session and the reason", data)
	}
	// The service hears of the ending itself; the session opened after it must not fall with the others.
	p.check(later.Token, http.StatusNoContent, "")
}

func TestIdleSessionEnds(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		const idle = 5 * time.Second
		p := start(t, s.with(settings{"session.idle_ttl": idle.String()}))
		used, left := p.login(p.sandboxCode("alice")), p.login(p.sandboxCode("bob"))
		begin := time.Now()
		tick := time.NewTicker(idle / 6)
		defer tick.Stop()
		for ; time.Since(begin) < idle+idle/2; <-tick.C {
			p.check(used.Token, http.StatusNoContent, "")
		}
		p.check(left.Token, http.StatusUnauthorized, "SESSION_ENDED")
		<-time.After(idle + idle/10) // a program in a process of its own has the world's clock
		p.check(used.Token, http.StatusUnauthorized, "SESSION_ENDED")
	})
}

var printedCurl = regexp.MustCompile(`(?m)^  curl [^\n]* \|\n  curl [^\n]*$`)

func TestPrintedCurlSignsIn(t *testing.T) {
	t.Parallel()
	p := start(t, local(t))
	line := printedCurl.FindString(p.out.String())
	if line == "" {
		t.Fatalf("no curl line in:\n%s", p.out.String())
	}
	if _, err := exec.LookPath("curl"); err != nil {
		testserver.Missing(t, "curl", "curl")
	}
	out, err := exec.Command("sh", "-c", line).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"token":"`) {
		t.Errorf("%s\ngot %v %s, want a token", line, err, out)
	}
}
