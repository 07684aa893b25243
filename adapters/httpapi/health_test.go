package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/menjin-id/menjin/adapters/httpapi"
)

type readiness struct {
	Status       string
	Dependencies []struct{ Name, Status string }
}

func (s *service) ready(t *testing.T, status int) readiness {
	t.Helper()
	reply := s.do(t, "GET", "/health/ready", "")
	var state readiness
	if err := json.Unmarshal(reply.body, &state); err != nil || reply.status != status {
		t.Fatalf("got %d %s, want %d", reply.status, reply.body, status)
	}
	return state
}

func TestHealthAndLivenessAskNobody(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) {
		o.Dependencies = []httpapi.Dependency{{Name: "database", Ping: func(context.Context) error { return errors.New("asked") }}}
	})
	if reply := s.do(t, "GET", "/health", ""); string(reply.body) != `{"service":"menjin","status":"ok","timestamp":"2026-11-22T08:00:00Z"}`+"\n" {
		t.Errorf("got %s", reply.body)
	}
	if reply := s.do(t, "GET", "/health/live", ""); reply.status != 200 {
		t.Errorf("got %d %s", reply.status, reply.body)
	}
}

func TestReadinessNamesTheDependencyThatFails(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	s := setup(t, func(o *httpapi.Options) {
		o.Dependencies = []httpapi.Dependency{
			{Name: "database", Ping: func(context.Context) error {
				if down.Load() {
					return errors.New("dial tcp 10.0.0.7:5432")
				}
				return nil
			}},
			{Name: "sessions", Ping: func(context.Context) error { return nil }},
		}
	})
	if state := s.ready(t, 200); state.Status != "ready" || len(state.Dependencies) != 2 {
		t.Errorf("got %+v", state)
	}
	down.Store(true)
	for range 3 {
		state := s.ready(t, 503)
		if state.Status != "unready" || state.Dependencies[0].Status != "down" || state.Dependencies[1].Status != "up" {
			t.Errorf("got %+v", state)
		}
	}
	down.Store(false)
	s.ready(t, 200)
	if n := len(s.log.lines(t, "dependency is down", 1)); n != 1 {
		t.Errorf("%d lines for one outage", n)
	}
	if n := len(s.log.lines(t, "dependency is back", 1)); n != 1 {
		t.Errorf("%d lines for one recovery", n)
	}
}

func TestReadinessDoesNotWaitForAHungDependency(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) {
		o.Dependencies = []httpapi.Dependency{{Name: "events", Ping: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}}
	})
	if state := s.ready(t, 503); state.Dependencies[0].Status != "down" {
		t.Errorf("got %+v", state)
	}
}

func TestDrainingServerIsNotReadyButAnswers(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.ready(t, 200)
	s.api.Drain()
	s.api.Drain()
	if state := s.ready(t, 503); state.Status != "draining" {
		t.Errorf("got %+v", state)
	}
	reply := httptest.NewRecorder() // http.Client takes the header away
	s.api.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/api/hello", http.NoBody))
	if got := reply.Header().Get("Connection"); reply.Code != 200 || got != "close" {
		t.Errorf("hello: got %d and Connection %q, want 200 and close", reply.Code, got)
	}
}

func TestKeysAreServedAsTheyAre(t *testing.T) {
	t.Parallel()
	s := setup(t)
	reply := s.do(t, "GET", "/.well-known/jwks.json", "")
	if string(reply.body) != string(keySet()) || !strings.HasPrefix(reply.header.Get("Cache-Control"), "public") {
		t.Errorf("got %s %v", reply.body, reply.header)
	}
}

func TestOptionalDependencyTakesNobodyOutOfService(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) {
		o.Dependencies = []httpapi.Dependency{
			{Name: "database", Ping: func(context.Context) error { return nil }},
			{Name: "events", Optional: true, Ping: func(context.Context) error { return errors.New("no servers available") }},
		}
	})
	if state := s.ready(t, 200); state.Status != "degraded" || state.Dependencies[1].Status != "down" {
		t.Errorf("got %+v", state)
	}
}
