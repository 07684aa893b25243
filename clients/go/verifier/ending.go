package verifier

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// endings are the sessions that ended within the longest life of a token, and the roles that changed. What is older is
// forgotten: every token that it could refuse has expired.
type endings struct {
	life, leeway time.Duration

	mu       sync.RWMutex
	sessions map[string]time.Time // session → when it ended
	users    map[string]*userEnd
}

// userEnd is what befell all sessions of a user. Two marks say as much as every event would: the newest refuses all sessions but
// one, and that one is subject to the newest among those events that did not except it.
type userEnd struct {
	newest, other  mark
	roles          []string
	rolesSequence  int64
	rolesChangedAt time.Time
	touched        time.Time
}

// mark refuses tokens of sessions that were opened before a version of the user. A zero mark refuses none.
type mark struct {
	version int64
	at      time.Time
	except  string // a session
}

func (m *mark) refuses(claims *Claims) bool {
	switch {
	case m.version == 0 || (m.except != "" && m.except == claims.SessionID):
		return false
	case claims.Version > 0:
		return claims.Version < m.version
	}
	return !claims.IssuedAt.After(m.at) // tokens of older releases do not tell the version
}

func newEndings(life, leeway time.Duration) *endings {
	return &endings{life: life, leeway: leeway, sessions: make(map[string]time.Time), users: make(map[string]*userEnd)}
}

// apply returns ErrEnded, or the claims with the roles of now.
func (e *endings) apply(claims Claims) (Claims, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if _, ended := e.sessions[claims.SessionID]; ended {
		return Claims{}, ErrEnded
	}
	user := e.users[claims.UserID]
	if user == nil {
		return claims, nil
	}
	if user.newest.refuses(&claims) || user.other.refuses(&claims) {
		return Claims{}, ErrEnded
	}
	// A token that was issued later says itself what the roles are, maybe after a change that has not come here yet. It is
	// whole seconds that it tells, and by another clock.
	if user.rolesSequence > 0 && !claims.IssuedAt.After(user.rolesChangedAt.Add(e.leeway)) {
		claims.Roles = slices.Clone(user.roles)
	}
	return claims, nil
}

// feedSubjects are those of the events that note understands.
func feedSubjects() []string {
	return []string{
		"menjin.user.session_ended.*", "menjin.user.locked.*", "menjin.user.deleted.*", "menjin.user.roles_changed.*",
	}
}

// note takes in an event of the feed, in any order and any number of times. An event that is not understood is an error: what
// it ended is not known.
func (e *endings) note(raw menjin.Event[json.RawMessage]) error {
	switch raw.Type {
	case menjin.TypeSessionEnded:
		event, err := menjin.Decode[menjin.SessionEnded](raw)
		if err == nil {
			e.sessionEnded(event)
		}
		return err
	case menjin.TypeLocked, menjin.TypeDeleted:
		e.end(raw.UserID, mark{version: raw.Sequence, at: raw.Time})
	case menjin.TypeRolesChanged:
		event, err := menjin.Decode[menjin.RolesChanged](raw)
		if err == nil {
			e.rolesChanged(event)
		}
		return err
	}
	return nil
}

func (e *endings) sessionEnded(event menjin.Event[menjin.SessionEnded]) {
	if id := event.Data.SessionID; id != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.sessions[*id] = event.Data.EndedAt
		return
	}
	all := mark{version: event.Sequence, at: event.Data.EndedAt}
	if event.Data.ExceptSessionID != nil {
		all.except = *event.Data.ExceptSessionID
	}
	e.end(event.UserID, all)
}

func (e *endings) end(user string, m mark) {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.user(user, m.at)
	switch {
	case m.version >= u.newest.version && m.except == u.newest.except:
		u.newest = m
	case m.version >= u.newest.version:
		u.newest, u.other = m, u.newest
	case m.except != u.newest.except && m.version > u.other.version:
		u.other = m
	}
	if u.newest.except == "" { // it refuses whatever the other does
		u.other = mark{}
	}
}

func (e *endings) rolesChanged(event menjin.Event[menjin.RolesChanged]) {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.user(event.UserID, event.Data.ChangedAt)
	if event.Sequence > u.rolesSequence {
		u.rolesSequence, u.rolesChangedAt, u.roles = event.Sequence, event.Data.ChangedAt, event.Data.Roles
	}
}

func (e *endings) user(id string, at time.Time) *userEnd {
	u := e.users[id]
	if u == nil {
		u = &userEnd{}
		e.users[id] = u
	}
	if at.After(u.touched) {
		u.touched = at
	}
	return u
}

// forget drops what no token can meet any more.
func (e *endings) forget(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, at := range e.sessions {
		if now.Sub(at) > e.life {
			delete(e.sessions, id)
		}
	}
	for id, user := range e.users {
		if now.Sub(user.touched) > e.life {
			delete(e.users, id)
		}
	}
}
