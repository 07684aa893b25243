package wechatsandbox

import (
	"container/list"
	"time"
)

// maxUsers bounds the people whose session_key and minute count are remembered; the longest unseen make room.
const maxUsers = 100_000

// user is what the sandbox knows of one person at one app.
type user struct {
	appID, person, openID string

	sessionKey string
	staleKey   string // the one before
	keyedAt    time.Time
	keyExpires time.Time
	resetAt    time.Time
	minute     int64
	calls      int
}

// rotateKey gives the person a new session_key unless the present one is younger than the interval. The key changes with
// the login on the phone, not with the exchange: a server that missed the exchange holds a stale key. Either way the
// login prolongs its life.
func (u *user) rotateKey(now time.Time, opts Options) {
	age := now.Sub(u.keyedAt)
	if u.sessionKey == "" || age < 0 || age >= opts.SessionKeyInterval {
		u.replaceKey(now)
	}
	u.keyExpires = now.Add(opts.SessionKeyTTL)
}

// replaceKey leaves the expiry as it is.
func (u *user) replaceKey(now time.Time) {
	u.staleKey, u.sessionKey, u.keyedAt = u.sessionKey, newSessionKey(), now
}

// liveKey is empty when the session_key has expired or never was.
func (u *user) liveKey(now time.Time) string {
	if !now.Before(u.keyExpires) {
		return ""
	}
	return u.sessionKey
}

// allow counts an exchange and reports whether it is within the limit of the running minute; a negative limit is none.
func (u *user) allow(now time.Time, limit int) bool {
	if minute := now.Unix() / 60; minute != u.minute {
		u.minute, u.calls = minute, 0
	}
	u.calls++
	return limit < 0 || u.calls <= limit
}

type userBook struct {
	byOpenID map[string]*list.Element
	recent   list.List
}

func newUserBook() userBook { return userBook{byOpenID: map[string]*list.Element{}} }

// find returns nil for an openid of an app that has not been seen or is forgotten.
func (b *userBook) find(appID, openID string) *user {
	e, ok := b.byOpenID[openID]
	if !ok || e.Value.(*user).appID != appID {
		return nil
	}
	b.recent.MoveToBack(e)
	return e.Value.(*user)
}

// touch returns the user a code was minted for, a blank one if never seen or forgotten.
func (b *userBook) touch(code *oneTimeCode) *user {
	if u := b.find(code.appID, code.openID); u != nil {
		return u
	}
	if b.recent.Len() >= maxUsers {
		oldest := b.recent.Remove(b.recent.Front()).(*user)
		delete(b.byOpenID, oldest.openID)
	}
	u := &user{appID: code.appID, person: code.person, openID: code.openID}
	b.byOpenID[u.openID] = b.recent.PushBack(u)
	return u
}
