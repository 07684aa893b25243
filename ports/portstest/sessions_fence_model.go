package portstest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// modelLives is how many users are tried: each costs a slow store some hundred commits.
const modelLives = 25

// fenceModel lets a user's sessions live through random openings on versions, endings and changes of roles in any order, and
// compares the store after each with what it should be.
func fenceModel(t *testing.T, ctx context.Context, s *sessions) {
	lives := 0
	rapid.Check(t, func(rt *rapid.T) {
		if lives++; lives > modelLives {
			return
		}
		m := &modelFence{store: s, user: newUserID()}
		version := func(rt *rapid.T) int64 { return rapid.Int64Range(1, 9).Draw(rt, "version") }
		rt.Repeat(map[string]func(*rapid.T){
			"open":  func(rt *rapid.T) { m.open(rt, ctx, version(rt)) },
			"end":   func(rt *rapid.T) { m.end(rt, ctx, version(rt)) },
			"roles": func(rt *rapid.T) { m.setRoles(rt, ctx, version(rt)) },
			"":      func(rt *rapid.T) { m.check(rt, ctx) },
		})
	})
}

// modelFence is what the sessions of a user should be.
type modelFence struct {
	store        *sessions
	user         domain.UserID
	fence, roles int64
	opened       []modelOpened
}

type modelOpened struct {
	id      domain.SessionID
	version int64
	roles   []domain.Role // nil once ended
}

func (m *modelFence) open(rt *rapid.T, ctx context.Context, version int64) {
	session := newSessionOn(version, m.user, m.store.now, m.store.limits)
	_, err := m.store.Store.Open(ctx, session, 1000)
	if errors.Is(err, ports.ErrOutdated) != (version < m.fence) || (err == nil) != (version >= m.fence) {
		rt.Fatalf("open on version %d with the fence at %d: got error %v", version, m.fence, err)
	}
	one := modelOpened{id: session.State().ID, version: version}
	if err == nil {
		one.roles = session.State().Roles
	}
	m.opened = append(m.opened, one)
}

func (m *modelFence) end(rt *rapid.T, ctx context.Context, version int64) {
	var except domain.SessionID
	if len(m.opened) > 0 && rapid.Bool().Draw(rt, "but one") {
		except = rapid.SampledFrom(m.opened).Draw(rt, "one").id
	}
	if err := m.store.Store.EndOpenedBefore(ctx, m.user, version, except); err != nil {
		rt.Fatalf("end before version %d: %v", version, err)
	}
	m.fence = max(m.fence, version)
	for i, one := range m.opened {
		if one.version < version && one.id != except {
			m.opened[i].roles = nil
		}
	}
}

func (m *modelFence) setRoles(rt *rapid.T, ctx context.Context, version int64) {
	// A user has one set of roles at each version.
	roles := [][]domain.Role{{domain.RoleUser}, {domain.RoleAdmin, domain.RoleUser}, {domain.RoleSupport}}[version%3]
	if err := m.store.Store.SetRoles(ctx, m.user, version, roles); err != nil {
		rt.Fatalf("set roles of version %d: %v", version, err)
	}
	if version < m.roles {
		return
	}
	m.fence, m.roles = max(m.fence, version), version
	for i, one := range m.opened {
		if one.version < version && one.roles != nil {
			m.opened[i].roles = roles
		}
	}
}

func (m *modelFence) check(rt *rapid.T, ctx context.Context) {
	for _, one := range m.opened {
		got, err := m.store.Store.Touch(ctx, m.user, one.id, m.store.now)
		if errors.Is(err, domain.ErrSessionEnded) != (one.roles == nil) || !slices.Equal(got, one.roles) {
			rt.Fatalf("session opened on version %d: got roles %v, error %v, want %v", one.version, got, err, one.roles)
		}
	}
}
