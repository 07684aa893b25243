package sqlstore

import (
	"sync"
	"time"
)

// rotation remembers which shard's turn it is, when each is to be searched from its beginning again, and when what
// outbox_shards says of it is to be brought up to date again.
//
// The rows of published events stay in the index until the database has cleaned up, which a long snapshot, of a backup say,
// puts off for hours. Searching from the beginning then costs more with each event, so it is done every now and then only;
// what it is needed for is events whose transaction took an id long before it was committed.
type rotation struct {
	mu      sync.Mutex
	next    int
	search  map[int32]span
	all     span // in which no shard need be searched from its beginning
	settled map[int]span
}

// span is the time from when something was done until it is to be done again. A clock that has been put back leaves it.
type span struct{ from, until time.Time }

func (s span) holds(now time.Time) bool { return !now.Before(s.from) && now.Before(s.until) }

// turn returns the shard to begin with, and which ones need not be searched from their beginning: all, or those listed.
func (r *rotation) turn(now time.Time) (next int, recent []int32, all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	recent = make([]int32, 0, len(r.search))
	for shard, done := range r.search {
		if done.holds(now) {
			recent = append(recent, shard)
		}
	}
	return r.next, recent, r.all.holds(now)
}

// served passes the turn to the shard after this one, whatever came of its turn.
func (r *rotation) served(shard int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = shard + 1
}

// found notes that a shard was searched from its beginning, and when to do so again.
func (r *rotation) found(shard int, searched span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.search == nil {
		r.search = make(map[int32]span)
	}
	r.search[int32(shard)] = searched
}

// foundNone notes that every shard was searched from its beginning, and when to do so again.
func (r *rotation) foundNone(searched span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = searched
}

// doubt has a shard searched from its beginning next time.
func (r *rotation) doubt(shard int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.search, int32(shard))
	r.all = span{}
}

// settle reports whether outbox_shards is to be brought up to date, and takes it that it will be.
func (r *rotation) settle(shard int, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.settled[shard].holds(now) {
		return false
	}
	if r.settled == nil {
		r.settled = make(map[int]span)
	}
	r.settled[shard] = span{now, now.Add(settleEvery)}
	return true
}
