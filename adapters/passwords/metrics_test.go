package passwords

import (
	"context"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/promtest"
)

func TestQueueTellsWhoWaitsAndWhoWasTurnedAway(t *testing.T) {
	t.Parallel()
	h := newHasher(parameters{memory: 64, time: 1, threads: 1}, 1, 1)
	value := func(name string, labels ...string) float64 { return promtest.Value(t, h.Metrics(), name, labels...) }

	began, end := make(chan struct{}), make(chan struct{})
	done := make(chan error, 2)
	go func() { done <- h.queue.do(t.Context(), func() { close(began); <-end }) }()
	<-began
	waiting, leave := context.WithCancel(t.Context())
	go func() { done <- h.queue.do(waiting, func() {}) }()
	for len(h.queue.waiting) < 2 {
		select {
		case err := <-done:
			t.Fatalf("ended early: %v", err)
		default:
		}
	}
	if _, _, err := h.Verify(t.Context(), domain.NewSecret("any"), domain.PasswordHash{}); err == nil {
		t.Error("a full queue took one more")
	}
	for name, want := range map[string]float64{
		"menjin_password_hash_queue_length": 1, "menjin_password_hash_queue_capacity": 1, "menjin_password_hash_running": 1,
		"menjin_password_hash_wait_seconds": 1,
	} {
		if got := value(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if got := value("menjin_password_hash_refused_total", "cause", "full"); got != 1 {
		t.Errorf("turned away because the queue was full: got %v, want 1", got)
	}
	leave()
	<-done
	close(end)
	<-done
	if got := value("menjin_password_hash_refused_total", "cause", "late"); got != 1 {
		t.Errorf("turned away because it was too late: got %v, want 1", got)
	}
	if got := value("menjin_password_hash_duration_seconds"); got != 1 {
		t.Errorf("passwords hashed: got %v, want 1", got)
	}
}
