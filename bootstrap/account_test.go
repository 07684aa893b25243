package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// goodPassword is the password of everybody who has one; wrongPassword is nobody's.
const (
	goodPassword  = "correct horse battery"
	wrongPassword = "incorrect horse battery"
)

// trySignIn posts to one of the doors. It is for concurrent use.
func (p *program) trySignIn(path string, body any) (signIn, reply, error) {
	r, err := p.try(http.MethodPost, path, "", body)
	if err != nil || r.Status >= http.StatusMultipleChoices {
		return signIn{}, r, err
	}
	var in signIn
	return in, r, json.Unmarshal(r.Data, &in)
}

func (p *program) signIn(path string, body any) signIn {
	p.tb.Helper()
	in, r, err := p.trySignIn(path, body)
	if err != nil || in.Token == "" {
		p.tb.Fatalf("%s: got %s %v, want a token\n%s", path, r, err, r.Body)
	}
	return in
}

func credentials(name, password string) map[string]string {
	return map[string]string{"username": name, "password": password}
}

func (p *program) register(name string) signIn {
	p.tb.Helper()
	return p.signIn("/api/register", credentials(name, goodPassword))
}

func (p *program) passwordLogin(name string) signIn {
	p.tb.Helper()
	return p.signIn("/api/login/password", credentials(name, goodPassword))
}

func (p *program) refuseLogin(name, password string, status int, reason string) reply {
	p.tb.Helper()
	return p.expect(http.MethodPost, "/api/login/password", "", credentials(name, password), status, reason)
}

func (p *program) tryRefresh(refreshToken string) (signIn, reply, error) {
	return p.trySignIn("/api/token/refresh", map[string]string{"refresh_token": refreshToken})
}

func (p *program) refresh(refreshToken string) signIn {
	p.tb.Helper()
	return p.signIn("/api/token/refresh", map[string]string{"refresh_token": refreshToken})
}

func (p *program) refuseRefresh(refreshToken string, status int, reason string) {
	p.tb.Helper()
	p.expect(http.MethodPost, "/api/token/refresh", "", map[string]string{"refresh_token": refreshToken}, status, reason)
}

// administrator is made on the command line beside the program, and signed in.
func (p *program) administrator(t *testing.T, name string) signIn {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(goodPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, p.settings, []string{"user", "create", name, "--password-file", file, "--role", "admin"}, "created ", "admin")
	return p.passwordLogin(name)
}

// atOnce does something so many times at one moment, and returns when all are done.
func atOnce(times int, do func(i int)) {
	var doing sync.WaitGroup
	begin := make(chan struct{})
	for i := range times {
		doing.Go(func() {
			<-begin
			do(i)
		})
	}
	close(begin)
	doing.Wait()
}

// endings waits for so many events of a user's sessions having ended, and returns them.
func (p *program) endings(user string, want int) []event {
	p.tb.Helper()
	pick := func(events []event) (ended []event) {
		for _, e := range of(events, user) {
			if e.Type == sessionEndedV1 {
				ended = append(ended, e)
			}
		}
		return ended
	}
	return pick(readEvents(p.tb, p.events, func(events []event) bool { return len(pick(events)) >= want }))
}
