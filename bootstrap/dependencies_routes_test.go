package bootstrap_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// guests are people of whom each does one thing while a dependency is at fault.
type guests struct {
	caller, leaver, refresher, phoner signIn
	code, phoneCode, name             string
}

// invite makes guests before a fault; the name is of nobody else.
func (p *program) invite(w *weChat, name string) guests {
	p.register("word-" + name)
	return guests{
		caller: p.arrive(w, "caller-"+name), leaver: p.arrive(w, "leaver-"+name),
		refresher: p.arrive(w, "refresher-"+name), phoner: p.arrive(w, "phoner-"+name),
		code: w.code("caller-" + name), phoneCode: w.phoneCode("phoner-" + name), name: name,
	}
}

// arrive tries again where a machine that stood still for a moment made Redis seem away.
func (p *program) arrive(w *weChat, person string) (in signIn) {
	p.tb.Helper()
	eventually(p.tb, person+" signs in", func() bool {
		var r reply
		var err error
		in, r, err = p.tryLogin(w.code(person))
		return err == nil && r.Status == http.StatusOK
	})
	return in
}

// visit is one request of a guest's.
type visit struct {
	route, token string
	body         any
}

func (g guests) visits() []visit {
	return []visit{
		{"GET /api/auth/check", g.caller.Token, nil},
		{"GET /api/user/info", g.caller.Token, nil},
		{"PUT /api/user/info", g.caller.Token, map[string]string{"nickname": g.name}},
		{"GET /api/user/sessions", g.caller.Token, nil},
		{"POST /api/login", "", map[string]string{"code": g.code}},
		{"POST /api/login/password", "", credentials("word-"+g.name, goodPassword)},
		{"POST /api/register", "", credentials("new-"+g.name, goodPassword)},
		{"POST /api/token/refresh", "", map[string]string{"refresh_token": g.refresher.RefreshToken}},
		{"POST /api/logout", g.leaver.Token, nil},
		{"POST /api/user/phone", g.phoner.Token, map[string]string{"code": g.phoneCode}},
		{"GET /.well-known/jwks.json", "", nil},
		{"GET /health/live", "", nil},
		{"GET /health/ready", "", nil},
	}
}

// said is an answer as the guide words it.
func said(route string, r reply) string {
	switch {
	case strings.HasSuffix(route, "/health/ready"):
		return fmt.Sprintf("%d %s", r.Status, readinessOf(r.Body))
	case r.Reason != "":
		return r.String()
	default:
		return fmt.Sprint(r.Status)
	}
}

// readinessOf is the status and what is down.
func readinessOf(body []byte) string {
	var state struct {
		Status       string
		Dependencies []struct{ Name, Status string }
	}
	if err := json.Unmarshal(body, &state); err != nil {
		return err.Error()
	}
	var down []string
	for _, dependency := range state.Dependencies {
		if dependency.Status != "up" {
			down = append(down, dependency.Name)
		}
	}
	if len(down) == 0 {
		return state.Status
	}
	return state.Status + ": " + strings.Join(down, " ")
}

// keepsPromises makes all visits at once and holds the answers against the guide.
func (p *program) keepsPromises(t *testing.T, fault string, promises map[string]promise, g guests) {
	t.Helper()
	visits := g.visits()
	if len(visits) != len(promises) {
		t.Errorf("the guide has %d routes, want %d", len(promises), len(visits))
	}
	var all sync.WaitGroup
	for _, v := range visits {
		all.Go(func() {
			method, path, _ := strings.Cut(v.route, " ")
			r, err := p.try(method, path, v.token, v.body)
			want, found := promises[v.route]
			if err != nil || !found {
				t.Errorf("%s, %s: got %v, in the guide: %t", v.route, fault, err, found)
				return
			}
			if got := said(v.route, r); got != want.answer || r.Took > want.within+busyMachine {
				t.Errorf("%s, %s: got %s after %s, the guide says %s within %s", v.route, fault, got, r.Took, want.answer, want.within)
			}
			if wait := r.Header.Get("Retry-After"); r.Status == http.StatusServiceUnavailable && (wait == "" || wait == "0") {
				t.Errorf("%s, %s: Retry-After is %q, want seconds", v.route, fault, wait)
			}
		})
	}
	all.Wait()
}
