package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var replayWorkContracts = []contract[*store]{
	{"without a replay there is nothing to do", replayNone},
	{"a replay sends by rising outbox id, at most the limit at once, and ends", replaySteps},
	{"a replay sends what is asked for alone", replayFiltered},
	{"a replay that finds nothing sends nothing, and ends", replayEmpty},
	{"events that wait, are dead, held or discarded, or are made later are not sent again", replayPublishedOnly},
	{"a replay whose events could not be sent goes on where it was", replayFailed},
	{"a replay whose events are refused ends with the reason", replayRefused},
	{"a replay whose events could not be sent keeps no other from its turn", replayInTheWay},
	{"a replay that found the stream gone back goes on at once", replayBroughtBack},
	{"a sender is told the position recorded before", replayRecorded},
	{"sending events again has a deadline", replayDeadline},
	{"replays are taken oldest first, each by one at a time", replaysAtOnce},
	{"what is sent again keeps waiting events waiting, and the position", replayAside},
}

// wantContinued continues a replay and checks whether there was one, and what it sent.
func (s *store) wantContinued(t *testing.T, ctx context.Context, limit int, want bool) (sent []ports.OutboxEvent) {
	t.Helper()
	worked, err := s.Replays.Continue(ctx, limit, func(_ context.Context, _ ports.StreamPosition, _ ports.Replay, events []ports.OutboxEvent) error {
		sent = append(sent, events...)
		return nil
	})
	if err != nil || worked != want {
		t.Errorf("continue replay: got %v, error %v, want %v", worked, err, want)
	}
	return sent
}

func (s *store) wantResent(t *testing.T, ctx context.Context, filter ports.ReplayFilter, want ...ports.OutboxEvent) {
	t.Helper()
	replay := s.request(t, ctx, newReplay(filter))
	if diff := diff(want, s.wantContinued(t, ctx, 100, true)); diff != "" {
		t.Errorf("events sent again by %+v differ (-want +got):\n%s", filter, diff)
	}
	got := s.replay(t, ctx, replay.ID)
	if got.FinishedAt.IsZero() || got.Failure != "" || got.Sent != int64(len(want)) || got.Next < got.Last {
		t.Errorf("replay by %+v: got %+v, want it finished with %d sent", filter, got, len(want))
	}
}

func replayNone(t *testing.T, ctx context.Context, s *store) {
	s.published(t, ctx, 1)
	s.wantContinued(t, ctx, 10, false)
	if _, err := s.Replays.Continue(cancelled(ctx), 10, nil); err == nil {
		t.Error("with a cancelled context: got no error, want one")
	}
}

func replaySteps(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 5)
	replay := s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	for _, want := range [][]ports.OutboxEvent{events[:2], events[2:4], events[4:]} {
		if diff := diff(want, s.wantContinued(t, ctx, 2, true)); diff != "" {
			t.Errorf("events sent again differ (-want +got):\n%s", diff)
		}
		last := want[len(want)-1]
		got := s.replay(t, ctx, replay.ID)
		if got.Next != last.ID || got.FinishedAt.IsZero() == (last.ID == events[4].ID) {
			t.Errorf("replay after event %d: got %+v", last.ID, got)
		}
	}
	if got := s.replay(t, ctx, replay.ID); got.Sent != 5 {
		t.Errorf("events sent: got %d, want 5", got.Sent)
	}
	s.wantContinued(t, ctx, 2, false)
}

func replayFiltered(t *testing.T, ctx context.Context, s *store) {
	start := now().Add(-time.Hour)
	s.registerAt(t, ctx, start)
	s.registerAt(t, ctx, start.Add(time.Minute))
	user, _ := s.register(t, ctx)
	s.changed(t, ctx, user.ID())
	s.push(t, ctx, newPushed())
	events := s.drainAll(t, ctx)
	s.wantResent(t, ctx, ports.ReplayFilter{}, events...)
	s.wantResent(t, ctx, ports.ReplayFilter{FromID: events[1].ID, ToID: events[3].ID}, events[1:4]...)
	s.wantResent(t, ctx, ports.ReplayFilter{FromID: events[4].ID}, events[4])
	s.wantResent(t, ctx, ports.ReplayFilter{Type: events[0].Type}, events[:3]...)
	s.wantResent(t, ctx, ports.ReplayFilter{User: user.ID()}, events[2], events[3])
	s.wantResent(t, ctx, ports.ReplayFilter{User: user.ID(), Type: events[3].Type}, events[3])
	s.wantResent(t, ctx, ports.ReplayFilter{User: user.ID(), ToID: events[2].ID}, events[2])
	s.wantResent(t, ctx, ports.ReplayFilter{Since: start.Add(time.Minute)}, events[1:]...)
	s.wantResent(t, ctx, ports.ReplayFilter{Until: start.Add(time.Minute)}, events[0])
	s.wantResent(t, ctx, ports.ReplayFilter{Since: start, Until: start.Add(time.Minute + time.Microsecond)}, events[:2]...)
}

func replayEmpty(t *testing.T, ctx context.Context, s *store) {
	s.wantResent(t, ctx, ports.ReplayFilter{})
	last := s.published(t, ctx, 2)[1]
	s.wantResent(t, ctx, ports.ReplayFilter{Type: "menjin.user.unheard_of.v1"})
	s.wantResent(t, ctx, ports.ReplayFilter{User: newUserID()})
	s.wantResent(t, ctx, ports.ReplayFilter{FromID: last.ID + 1})
	s.wantResent(t, ctx, ports.ReplayFilter{FromID: last.ID + 1, User: last.UserID})
}

func replayPublishedOnly(t *testing.T, ctx context.Context, s *store) {
	s.unpublished(t, ctx)
	s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	published := s.drainAll(t, ctx)
	s.published(t, ctx, 1)
	if diff := diff(published, s.wantContinued(t, ctx, 10, true)); diff != "" {
		t.Errorf("events sent again differ (-want +got):\n%s", diff)
	}
	s.wantContinued(t, ctx, 10, false)
}

func replayFailed(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 2)
	replay := s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	_, err := s.Replays.Continue(ctx, 10, func(_ context.Context, _ ports.StreamPosition, got ports.Replay, _ []ports.OutboxEvent) error {
		if diff := diff(replay, got); diff != "" {
			t.Errorf("replay handed over differs (-want +got):\n%s", diff)
		}
		return errPublish
	})
	if !errors.Is(err, errPublish) {
		t.Errorf("continue replay: got error %v, want %v", err, errPublish)
	}
	s.wantReplays(t, ctx, 10, replay)
	s.wantContinued(t, ctx, 10, false) // it is left alone for now
	var sent []ports.OutboxEvent
	eventually(t, ctx, "the replay goes on", func() bool {
		worked, err := s.Replays.Continue(ctx, 10, func(_ context.Context, _ ports.StreamPosition, _ ports.Replay, events []ports.OutboxEvent) error {
			sent = append(sent, events...)
			return nil
		})
		if err != nil {
			t.Errorf("continue replay: %v", err)
		}
		return worked
	})
	if diff := diff(events, sent); diff != "" {
		t.Errorf("events sent again differ (-want +got):\n%s", diff)
	}
}

func replayRefused(t *testing.T, ctx context.Context, s *store) {
	s.published(t, ctx, 2)
	replay := s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	worked, err := s.Replays.Continue(ctx, 10, func(_ context.Context, _ ports.StreamPosition, _ ports.Replay, events []ports.OutboxEvent) error {
		return &ports.RejectedError{Event: events[0].Message.ID, Reason: "too large"}
	})
	if err != nil || !worked {
		t.Errorf("continue replay: got %v, error %v, want it worked", worked, err)
	}
	if got := s.replay(t, ctx, replay.ID); got.FinishedAt.IsZero() || got.Failure != "too large" || got.Sent != 0 || got.Next != replay.Next {
		t.Errorf("refused replay: got %+v, want it finished with the reason", got)
	}
	s.wantContinued(t, ctx, 10, false)
}

func replayDeadline(t *testing.T, ctx context.Context, s *store) {
	s.published(t, ctx, 1)
	s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	_, err := s.Replays.Continue(context.WithoutCancel(ctx), 10, func(ctx context.Context, _ ports.StreamPosition, _ ports.Replay, _ []ports.OutboxEvent) error {
		if deadline, ok := ctx.Deadline(); !ok || !deadline.After(time.Now()) {
			t.Errorf("deadline: got %v, %v, want one to come", deadline, ok)
		}
		return nil
	})
	if err != nil {
		t.Errorf("continue replay: %v", err)
	}
}

func replaysAtOnce(t *testing.T, ctx context.Context, s *store) {
	s.published(t, ctx, 1)
	first, second := newReplay(ports.ReplayFilter{}), newReplay(ports.ReplayFilter{})
	second.RequestedAt = first.RequestedAt.Add(time.Second)
	s.request(t, ctx, second)
	s.request(t, ctx, first)
	var taken []domain.ID
	_, err := s.Replays.Continue(ctx, 10, func(ctx context.Context, _ ports.StreamPosition, got ports.Replay, _ []ports.OutboxEvent) error {
		taken = append(taken, got.ID)
		_, err := s.Replays.Continue(ctx, 10, func(ctx context.Context, _ ports.StreamPosition, got ports.Replay, _ []ports.OutboxEvent) error {
			taken = append(taken, got.ID)
			s.wantContinued(t, ctx, 10, false)
			return nil
		})
		return err
	})
	if err != nil {
		t.Errorf("continue replays: %v", err)
	}
	if diff := diff([]domain.ID{first.ID, second.ID}, taken); diff != "" {
		t.Errorf("replays taken differ (-want +got):\n%s", diff)
	}
	s.wantContinued(t, ctx, 10, false)
}

// replayAside has the relay work while events are sent again.
func replayAside(t *testing.T, ctx context.Context, s *store) {
	s.published(t, ctx, 2)
	s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	_, err := s.Replays.Continue(ctx, 10, func(ctx context.Context, _ ports.StreamPosition, _ ports.Replay, _ []ports.OutboxEvent) error {
		_, event := s.register(t, ctx)
		s.wantDrained(t, ctx, event)
		return nil
	})
	if err != nil {
		t.Errorf("continue replay: %v", err)
	}
	want := ports.StreamPosition{Stream: sampleStream, Sequence: 3}
	if got, err := s.Ledger.Position(ctx); err != nil || got != want {
		t.Errorf("position: got %+v, error %v, want %+v", got, err, want)
	}
}
