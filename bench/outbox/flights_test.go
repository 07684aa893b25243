package outbox

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestFlightLastsFromCommitToAcknowledgement(t *testing.T) {
	t.Parallel()
	late, early, open := domain.EventID{ID: newID()}, domain.EventID{ID: newID()}, domain.EventID{ID: newID()}
	at := now()
	var f flights
	f.start(late, at)
	f.land(late, at.Add(time.Second))
	f.land(early, at) // before its committer knew
	f.start(early, at.Add(time.Second))
	f.start(open, at)

	got := f.figure(time.Second)
	if got.Rate != 2 || f.latency.Quantile(0) != 0 || f.latency.Quantile(1) != time.Second {
		t.Errorf("got %v flights from %s to %s, want 2 from 0s to 1s", got.Rate, f.latency.Quantile(0), f.latency.Quantile(1))
	}
	if len(f.open) != 1 {
		t.Errorf("%d flights are open, want 1", len(f.open))
	}
}
