package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// replayInTheWay has the oldest replay fail for ever.
func replayInTheWay(t *testing.T, ctx context.Context, s *store) {
	s.published(t, ctx, 3)
	bad, good := newReplay(ports.ReplayFilter{}), newReplay(ports.ReplayFilter{})
	bad.To, good.RequestedAt = "full", bad.RequestedAt.Add(time.Second)
	s.request(t, ctx, bad)
	s.request(t, ctx, good)
	eventually(t, ctx, "the replay behind the one that fails ends", func() bool {
		_, err := s.Replays.Continue(ctx, 1, func(_ context.Context, _ ports.StreamPosition, replay ports.Replay, _ []ports.OutboxEvent) error {
			if replay.To == "full" {
				return errPublish
			}
			return nil
		})
		if err != nil && !errors.Is(err, errPublish) {
			t.Errorf("continue replay: %v", err)
		}
		return !s.replay(t, ctx, good.ID).FinishedAt.IsZero()
	})
	if got := s.replay(t, ctx, bad.ID); got.Sent != 0 || !got.FinishedAt.IsZero() {
		t.Errorf("replay that fails: got %+v, want it where it was", got)
	}
}

func replayBroughtBack(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 2)
	replay := s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	_, err := s.Replays.Continue(ctx, 10, func(context.Context, ports.StreamPosition, ports.Replay, []ports.OutboxEvent) error {
		return &ports.RewoundError{}
	})
	if _, ok := errors.AsType[*ports.RewoundError](err); !ok {
		t.Errorf("continue replay: got error %v, want the stream rewound", err)
	}
	s.wantReplays(t, ctx, 10, replay)
	if diff := diff(events, s.wantContinued(t, ctx, 10, true)); diff != "" {
		t.Errorf("events sent again differ (-want +got):\n%s", diff)
	}
}

func replayRecorded(t *testing.T, ctx context.Context, s *store) {
	s.published(t, ctx, 3)
	want, err := s.Ledger.Position(ctx)
	if err != nil {
		t.Fatalf("position: %v", err)
	}
	s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	_, err = s.Replays.Continue(ctx, 10, func(_ context.Context, recorded ports.StreamPosition, _ ports.Replay, _ []ports.OutboxEvent) error {
		if recorded != want || recorded.Sequence == 0 {
			t.Errorf("recorded position: got %+v, want %+v", recorded, want)
		}
		return nil
	})
	if err != nil {
		t.Errorf("continue replay: %v", err)
	}
}

func replaysLimited(t *testing.T, ctx context.Context, s *store) {
	var first ports.Replay
	for i := range ports.MaxReplays {
		if replay := s.request(t, ctx, newReplay(ports.ReplayFilter{})); i == 0 {
			first = replay
		}
	}
	note := newEntries(1)[0]
	if _, err := s.Replays.Request(ctx, newReplay(ports.ReplayFilter{}), note); !errors.Is(err, domain.ErrRateLimited) {
		t.Errorf("one more: got error %v, want %v", err, domain.ErrRateLimited)
	}
	s.wantAudit(t, ctx, ports.AuditFilter{Target: note.Target}, domain.ID{}, 10)
	if err := s.Replays.Cancel(ctx, first.ID, newEntries(1)[0]); err != nil {
		t.Fatalf("cancel: %v", err)
	}
	s.request(t, ctx, newReplay(ports.ReplayFilter{}))
}

func replaysLimitedAtOnce(t *testing.T, ctx context.Context, s *store) {
	const askers = ports.MaxReplays + 10
	answers := make(chan error, askers)
	for range askers {
		go func() {
			_, err := s.Replays.Request(ctx, newReplay(ports.ReplayFilter{}), newEntries(1)[0])
			answers <- err
		}()
	}
	refused := 0
	for range askers {
		if err := <-answers; errors.Is(err, domain.ErrRateLimited) {
			refused++
		} else if err != nil {
			t.Errorf("request replay: %v", err)
		}
	}
	if refused != 10 {
		t.Errorf("replays refused: got %d, want 10", refused)
	}
}
