package wechatpush

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync"
)

// maxRemembered is how many deliveries are remembered: all that a signature is fresh for, at thirteen a second.
const maxRemembered = 1 << 14

// guard keeps a signature that was good for one thing from being used for another: in plain mode it covers neither the message
// nor whether it is one. It is this process's; across replicas, what a message did is remembered with its effect.
type guard struct {
	mu     sync.Mutex
	seen   map[[32]byte][32]byte // what each delivery brought
	oldest [][32]byte            // a ring
	next   int
}

func newGuard(size int) *guard {
	return &guard{seen: make(map[[32]byte][32]byte), oldest: make([][32]byte, size)}
}

// admit reports whether a delivery brings the same as before, or comes for the first time.
func (g *guard) admit(key [32]byte, purpose string, content []byte) bool {
	brought := sha256.Sum256(append([]byte(purpose+"\x00"), content...))
	g.mu.Lock()
	defer g.mu.Unlock()
	if before, ok := g.seen[key]; ok {
		return subtle.ConstantTimeCompare(before[:], brought[:]) == 1
	}
	delete(g.seen, g.oldest[g.next])
	g.seen[key], g.oldest[g.next] = brought, key
	g.next = (g.next + 1) % len(g.oldest)
	return true
}
