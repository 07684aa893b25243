package proxy_test

import (
	"testing"
	"time"
)

func TestSlowServerAnswersLaterUntilTheProxyHeals(t *testing.T) {
	t.Parallel()
	p := between(t)
	conn := dial(t, p)
	const delay = 300 * time.Millisecond
	p.Delay(delay)
	began := time.Now()
	if err := answered(t, conn, patience); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < delay {
		t.Errorf("answered after %s, want %s at least", took, delay)
	}
	p.Heal()
	if err := answered(t, conn, patience); err != nil {
		t.Errorf("healed: %v", err)
	}
	if got := p.Accepted(); got != 1 {
		t.Errorf("connections: got %d, want 1", got)
	}
}
