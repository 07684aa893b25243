package wechatsandbox

import (
	"container/list"
	"time"
)

// maxUsers bounds the people whose session_key and minute count are remembered; the longest unseen make room.
const maxUsers = 100_000

// user is what the sandbox knows of one person at one app.
type user struct {
	openID     string
	sessionKey string
	keyedAt    time.Time
	minute     int64
	calls      int
}

// rotateKey gives the person a new session_key unless the present one is younger than interval. The key changes with
// the login on the phone, not with the exchange: a server that missed the exchange holds a stale key.
func (u *user) rotateKey(now time.Time, interval time.Duration) {
	if age := now.Sub(u.keyedAt); u.sessionKey != "" && age >= 0 && age < interval {
		return
	}
	u.sessionKey, u.keyedAt = newSessionKey(), now
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

// touch returns the user, a blank one if never seen or forgotten.
func (b *userBook) touch(openID string) *user {
	if e, ok := b.byOpenID[openID]; ok {
		b.recent.MoveToBack(e)
		return e.Value.(*user)
	}
	if b.recent.Len() >= maxUsers {
		oldest := b.recent.Remove(b.recent.Front()).(*user)
		delete(b.byOpenID, oldest.openID)
	}
	u := &user{openID: openID}
	b.byOpenID[openID] = b.recent.PushBack(u)
	return u
}
