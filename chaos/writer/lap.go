package writer

import (
	"sync"
	"time"
)

// stopwatch keeps how long changes took, once somebody wants to know.
type stopwatch struct {
	mu      sync.Mutex
	running bool
	took    []time.Duration
}

func (s *stopwatch) add(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		s.took = append(s.took, took)
	}
}

// Lap returns how long each change took that was committed since the last call. The first call returns nothing: before it no
// time is kept.
func (w *Writers) Lap() []time.Duration {
	w.watch.mu.Lock()
	defer w.watch.mu.Unlock()
	took := w.watch.took
	w.watch.running, w.watch.took = true, nil
	return took
}
