package vault

import (
	"sync"
	"time"
)

const (
	missingFor  = time.Minute
	missingMost = 1024
)

// missing remembers for a while which keys a look did not find, so that ciphertexts that name them are answered at once. A key
// is known everywhere before the first ciphertext names it, so one that a look does not find is not on its way.
type missing struct {
	mu    sync.Mutex
	until map[string]time.Time // by prefix
}

func (m *missing) has(prefix []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	until, found := m.until[string(prefix)]
	return found && time.Now().Before(until)
}

// add forgets everything where there would be too many: they are looked for again, no more.
func (m *missing) add(prefix []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.until == nil || len(m.until) >= missingMost {
		m.until = make(map[string]time.Time)
	}
	m.until[string(prefix)] = time.Now().Add(missingFor)
}
