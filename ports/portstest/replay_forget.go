package portstest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func replayForgotten(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	other, another := s.register(t, ctx)
	s.wantDrained(t, ctx, registered, another)
	done := s.request(t, ctx, newReplay(ports.ReplayFilter{User: user.ID()}))
	s.wantContinued(t, ctx, 10, true)
	atWork := s.request(t, ctx, newReplay(ports.ReplayFilter{User: user.ID()}))
	others := s.request(t, ctx, newReplay(ports.ReplayFilter{User: other.ID()}))
	s.forget(t, ctx, user.ID(), 2)
	for _, id := range []domain.ID{done.ID, atWork.ID} {
		got := s.replay(t, ctx, id)
		if !got.Filter.User.IsZero() || got.FinishedAt.IsZero() || (got.Failure == "") != (id == done.ID) {
			t.Errorf("replay of a user who was forgotten: got %+v, want it finished, without the user", got)
		}
	}
	if diff := diff(others, s.replay(t, ctx, others.ID)); diff != "" {
		t.Errorf("replay of another user differs (-want +got):\n%s", diff)
	}
}

// replayForgetWaits forgets a user whose events are being sent again.
func replayForgetWaits(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	_, another := s.register(t, ctx)
	s.wantDrained(t, ctx, registered, another)
	s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	forgot := make(chan error, 1)
	_, err := s.Replays.Continue(ctx, 10, func(ctx context.Context, _ ports.StreamPosition, _ ports.Replay, _ []ports.OutboxEvent) error {
		brief, cancel := context.WithTimeout(ctx, 100*time.Millisecond) // to go wrong in
		defer cancel()
		if err := s.Eraser.Forget(brief, user.ID(), 2); err == nil {
			t.Error("forgotten while the events are sent again: want it to wait")
		}
		go func() { forgot <- s.Eraser.Forget(context.WithoutCancel(ctx), user.ID(), 2) }()
		return nil
	})
	if err != nil {
		t.Errorf("continue replay: %v", err)
	}
	if err := <-forgot; err != nil {
		t.Errorf("forget: %v", err)
	}
	sent := s.wantContinued(t, ctx, 10, true)
	if slices.ContainsFunc(sent, func(event ports.OutboxEvent) bool { return event.UserID == user.ID() }) || len(sent) != 1 {
		t.Errorf("events sent again: got %+v, want that of the other user alone", sent)
	}
}

// replaysBesideForgetting has everybody who locks replays or shards at work at once.
func replaysBesideForgetting(t *testing.T, ctx context.Context, s *store) {
	const rounds = 10
	work := []func(user domain.UserID) error{
		func(user domain.UserID) error { return s.Eraser.Forget(ctx, user, 1) },
		func(user domain.UserID) error { return s.Eraser.Forget(ctx, user, 2) },
		func(domain.UserID) error {
			_, err := s.Queue.Drain(ctx, 10, s.accept(func(ports.OutboxEvent) {}))
			return err
		},
		func(user domain.UserID) error {
			replay, err := s.Replays.Request(ctx, newReplay(ports.ReplayFilter{User: user}), newEntries(1)[0])
			if err == nil {
				err = s.Replays.Cancel(ctx, replay.ID, newEntries(1)[0])
			}
			return err
		},
	}
	for range 2 {
		work = append(work, func(domain.UserID) error {
			_, err := s.Replays.Continue(ctx, 1, func(context.Context, ports.StreamPosition, ports.Replay, []ports.OutboxEvent) error { return nil })
			return err
		})
	}
	s.published(t, ctx, 10)
	s.request(t, ctx, newReplay(ports.ReplayFilter{}))
	var users []domain.UserID
	for range rounds {
		user, _ := s.register(t, ctx)
		users = append(users, user.ID())
	}
	results := make(chan error, len(work))
	for _, step := range work {
		go func() {
			for _, user := range users {
				err := step(user)
				if err != nil && !errors.Is(err, ports.ErrEventsWait) && !errors.Is(err, domain.ErrNotFound) {
					results <- err
					return
				}
			}
			results <- nil
		}()
	}
	for range work {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}
