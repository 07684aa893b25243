package redisstore

import "sync"

// mostAlone bounds what a process remembers. Whoever comes when it is full is told that the limiter is away.
const mostAlone = 1 << 16

// standIn counts in the process, as takeScript does in Redis, what a server that is away cannot count.
type standIn struct {
	mu     sync.Mutex
	whole  map[string]int64 // when an allowance is whole again, in microseconds
	forget int64            // when there may be something to forget again
}

func newStandIn() *standIn { return &standIn{whole: map[string]int64{}} }

// take returns how many microseconds to wait. It knows nothing of a key for which there is no room.
func (s *standIn) take(key string, now, interval, per int64) (wait int64, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	whole, found := s.whole[key]
	if !found && len(s.whole) >= mostAlone && !s.makeRoom(now) {
		return 0, false
	}
	whole = min(max(whole, now), now+per) + interval
	if wait := whole - per - now; wait > 0 {
		return wait, true
	}
	s.whole[key] = whole
	return 0, true
}

// makeRoom forgets allowances that are whole again, once a second at most: it looks at all of them.
func (s *standIn) makeRoom(now int64) bool {
	const second = 1_000_000
	if now < s.forget && s.forget-now <= second {
		return false
	}
	s.forget = now + second
	for key, whole := range s.whole {
		if whole <= now {
			delete(s.whole, key)
		}
	}
	return len(s.whole) < mostAlone
}
