package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var replayContracts = []contract[*store]{
	{"a replay comes back, every field, with its bounds set", replayFields},
	{"a replay goes no further than what there was, nor than what was asked for", replayBounds},
	{"replays are shown newest first", replaysShown},
	{"a cancelled replay is at work no more", replayCancelled},
	{"so many replays may be at work, and no more", replaysLimited},
	{"so many replays may be at work also when they are asked for at once", replaysLimitedAtOnce},
	{"replays of a user who is forgotten end, and keep the user's id no longer", replayForgotten},
	{"forgetting waits for what is being sent again, and it is not sent once more", replayForgetWaits},
	{"replays, forgetting and the relay go on beside each other", replaysBesideForgetting},
	{"finished replays are swept in chunks, those at work stay", replaysSwept},
}

func newReplay(filter ports.ReplayFilter) ports.Replay {
	return ports.Replay{ID: newID(), RequestedAt: now(), Filter: filter}
}

func (s *store) request(t *testing.T, ctx context.Context, replay ports.Replay) ports.Replay {
	t.Helper()
	kept, err := s.Replays.Request(ctx, replay, newEntries(1)[0])
	if err != nil {
		t.Fatalf("request replay: %v", err)
	}
	return kept
}

func (s *store) wantReplays(t *testing.T, ctx context.Context, limit int, want ...ports.Replay) {
	t.Helper()
	got, err := s.Replays.Replays(ctx, limit)
	if err != nil {
		t.Fatalf("replays: %v", err)
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("replays differ (-want +got):\n%s", diff)
	}
}

// replay returns a replay as it is now.
func (s *store) replay(t *testing.T, ctx context.Context, id domain.ID) ports.Replay {
	t.Helper()
	replays, err := s.Replays.Replays(ctx, 100)
	if err != nil {
		t.Fatalf("replays: %v", err)
	}
	for _, replay := range replays {
		if replay.ID == id {
			return replay
		}
	}
	t.Fatalf("replay %v: not among %+v", id, replays)
	return ports.Replay{}
}

func replayFields(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 4)
	asked := newReplay(ports.ReplayFilter{
		FromID: events[1].ID, ToID: events[2].ID, Type: "menjin.user.registered.v1", User: newUserID(), Since: now().Add(-time.Hour), Until: now(),
	})
	asked.To = "billing"
	note := newEntries(1)[0]
	kept, err := s.Replays.Request(ctx, asked, note)
	if err != nil {
		t.Fatalf("request replay: %v", err)
	}
	asked.Next, asked.Last = events[1].ID-1, events[2].ID
	if diff := diff(asked, kept); diff != "" {
		t.Errorf("replay differs (-want +got):\n%s", diff)
	}
	s.wantReplays(t, ctx, 10, asked)
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, note)
}

func replayBounds(t *testing.T, ctx context.Context, s *store) {
	if got := s.request(t, ctx, newReplay(ports.ReplayFilter{ToID: 7})); got.Next != 0 || got.Last != 0 {
		t.Errorf("replay of an empty outbox: got %+v, want it to end where it begins", got)
	}
	last := s.published(t, ctx, 3)[2].ID
	for _, to := range []int64{0, last, last + 100} {
		if got := s.request(t, ctx, newReplay(ports.ReplayFilter{ToID: to})); got.Last != last {
			t.Errorf("last of a replay up to %d: got %d, want %d", to, got.Last, last)
		}
	}
	if _, err := s.Replays.Request(cancelled(ctx), newReplay(ports.ReplayFilter{}), newEntries(1)[0]); err == nil {
		t.Error("with a cancelled context: got no error, want one")
	}
}

func replaysShown(t *testing.T, ctx context.Context, s *store) {
	var replays []ports.Replay
	for i := range 3 {
		replay := newReplay(ports.ReplayFilter{})
		replay.RequestedAt = replay.RequestedAt.Add(time.Duration(i) * time.Second)
		replays = append(replays, s.request(t, ctx, replay))
	}
	s.wantReplays(t, ctx, 10, replays[2], replays[1], replays[0])
	s.wantReplays(t, ctx, 2, replays[2], replays[1])
}

func replayCancelled(t *testing.T, ctx context.Context, s *store) {
	s.published(t, ctx, 1)
	replay := s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	note := newEntries(1)[0]
	if err := s.Replays.Cancel(ctx, replay.ID, note); err != nil {
		t.Fatalf("cancel: %v", err)
	}
	s.wantContinued(t, ctx, 10, false)
	if got := s.replay(t, ctx, replay.ID); got.FinishedAt.IsZero() || got.Failure == "" || got.Sent != 0 {
		t.Errorf("cancelled replay: got %+v, want it finished, with a failure", got)
	}
	for _, id := range []domain.ID{replay.ID, newID()} {
		if err := s.Replays.Cancel(ctx, id, newEntries(1)[0]); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("cancel what is not at work: got error %v, want %v", err, domain.ErrNotFound)
		}
	}
	s.wantAudit(t, ctx, ports.AuditFilter{Target: note.Target}, domain.ID{}, 10, note)
}

func replaysSwept(t *testing.T, ctx context.Context, s *store) {
	s.published(t, ctx, 1)
	old, ids := now().Add(-time.Hour), []domain.ID(nil)
	for i := range 4 {
		replay := newReplay(ports.ReplayFilter{})
		replay.RequestedAt = old.Add(time.Duration(i) * time.Second)
		ids = append(ids, s.request(t, ctx, replay).ID)
	}
	for range 3 {
		s.wantContinued(t, ctx, 10, true)
	}
	for _, want := range []int64{1, 1, 0} { // the third was asked for at the instant, the fourth is at work
		if got, err := s.ReplayArchive.Sweep(ctx, old.Add(2*time.Second), 1); err != nil || got != want {
			t.Errorf("sweep: got %d replays, error %v, want %d", got, err, want)
		}
	}
	if got, err := s.ReplayArchive.Sweep(ctx, now(), 10); err != nil || got != 1 {
		t.Errorf("sweep: got %d replays, error %v, want 1", got, err)
	}
	s.wantReplays(t, ctx, 10, s.replay(t, ctx, ids[3]))
}
