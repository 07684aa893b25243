package sqlstore

import (
	"sync"
	"time"
)

// rotation remembers which shard's turn it is and when each was last searched from its beginning.
//
// The rows of published events stay in the index until the database has cleaned up, which a long snapshot, of a backup say,
// puts off for hours. Searching from the beginning then costs more with each event, so it is done every now and then only;
// what it is needed for is events whose transaction took an id long before it was committed.
type rotation struct {
	mu       sync.Mutex
	next     int
	searched map[int32]time.Time
	all      time.Time
}

// turn returns the shard to begin with, and which ones need not be searched from their beginning: all, or those listed.
func (r *rotation) turn(now time.Time, every time.Duration) (next int, recent []int32, all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	recent = make([]int32, 0, len(r.searched))
	for shard, at := range r.searched {
		if now.Sub(at) < every {
			recent = append(recent, shard)
		}
	}
	return r.next, recent, now.Sub(r.all) < every
}

// served passes the turn to the shard after this one, whatever came of its turn.
func (r *rotation) served(shard int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = shard + 1
}

// found notes that a shard was searched from its beginning.
func (r *rotation) found(shard int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.searched == nil {
		r.searched = make(map[int32]time.Time)
	}
	r.searched[int32(shard)] = now
}

// foundNone notes that every shard was searched from its beginning.
func (r *rotation) foundNone(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = now
}

// doubt has a shard searched from its beginning next time.
func (r *rotation) doubt(shard int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.searched, int32(shard))
	r.all = time.Time{}
}
