package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/menjin-id/menjin/domain"
)

// RefreshModel lets a session live through random sequences of refreshes with current, replaced and older tokens, requests,
// steps of time and ends, and compares the store after each with domain.Session.
func RefreshModel(t *testing.T, open OpenSessions) {
	t.Helper()
	s := &sessions{SessionsParts: open(t, refreshLimits), limits: refreshLimits, now: now()}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	rapid.Check(t, func(rt *rapid.T) {
		first := s.opened(t, ctx, newUserID())
		model := &modelSession{
			store: s, first: first, session: domain.RestoreSession(first), tokens: []domain.RefreshHash{first.RefreshHash},
		}
		rt.Repeat(map[string]func(*rapid.T){
			"refresh": func(rt *rapid.T) { model.refresh(rt, ctx) },
			"touch":   func(rt *rapid.T) { model.touch(rt, ctx) },
			"pass": func(rt *rapid.T) {
				s.pass(rapid.SampledFrom([]time.Duration{
					time.Microsecond, time.Second, domain.RefreshGrace, domain.RefreshGrace + time.Microsecond, time.Minute,
					s.limits.Idle / 2, s.limits.Idle, s.limits.Refresh / 2, s.limits.Refresh,
				}).Draw(rt, "step"))
			},
			"end": func(rt *rapid.T) { model.end(rt, ctx) },
		})
	})
}

// modelSession is what a session should be.
type modelSession struct {
	store   *sessions
	first   domain.SessionState
	session *domain.Session      // nil once ended
	tokens  []domain.RefreshHash // every token there was, the current one last
}

func (m *modelSession) refresh(rt *rapid.T, ctx context.Context) {
	back := min(rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 3}).Draw(rt, "generations back"), len(m.tokens)-1)
	presented := m.tokens[len(m.tokens)-1-back]
	got, err := m.store.refresh(ctx, m.first, presented)
	var want error = domain.ErrRefreshTokenInvalid
	if m.session != nil {
		want = m.session.Refresh(presented, successor(presented), m.store.limits, m.store.now)
	}
	if !errors.Is(err, want) {
		rt.Fatalf("refresh: got error %v, want %v", err, want)
	}
	if want != nil {
		return
	}
	if diff := diff(m.session.State(), got.State()); diff != "" {
		rt.Fatalf("session differs (-want +got):\n%s", diff)
	}
	if back == 0 {
		m.tokens = append(m.tokens, successor(presented))
	}
}

func (m *modelSession) touch(rt *rapid.T, ctx context.Context) {
	var want error = domain.ErrSessionEnded
	if m.session != nil {
		before := m.session.State()
		if want = m.session.Slide(m.store.limits.Idle, m.store.now); want == nil && m.spared(before) {
			// What a store may spare is unknown; the request is not made.
			m.session = domain.RestoreSession(before)
			return
		}
	}
	if _, err := m.store.Store.Touch(ctx, m.first.UserID, m.first.ID, m.store.now); !errors.Is(err, want) {
		rt.Fatalf("touch: got error %v, want %v", err, want)
	}
}

// spared reports whether a store may leave out the write of a request that is made now.
func (m *modelSession) spared(before domain.SessionState) bool {
	return m.store.now.Sub(before.LastSeenAt) <= m.store.limits.Idle/20
}

func (m *modelSession) end(rt *rapid.T, ctx context.Context) {
	if rapid.IntRange(0, 4).Draw(rt, "seldom") > 0 {
		return
	}
	var err error
	if rapid.Bool().Draw(rt, "all") {
		err = m.store.Store.EndOpenedBefore(ctx, m.first.UserID, m.first.UserVersion+1, domain.SessionID{})
	} else {
		err = m.store.Store.End(ctx, m.first.UserID, m.first.ID)
	}
	if err != nil {
		rt.Fatalf("end: %v", err)
	}
	m.session = nil
}
