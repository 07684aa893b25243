package portstest

import (
	"context"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var sentContracts = []contract[*store]{
	{"published events are listed by their marks, page by page", sentListed},
	{"events that wait, are dead, held or discarded are not published", sentOthers},
	{"single events are requeued, and the decision noted", sentRequeued},
	{"requeueing single events leaves alone those that were not published", sentLeftAlone},
}

func (s *store) wantSent(t *testing.T, ctx context.Context, after int64, limit int, want ...ports.OutboxEvent) {
	t.Helper()
	var marks []ports.PublishedEvent
	for _, event := range want {
		marks = append(marks, ports.PublishedEvent{
			ID: event.ID, Event: event.Message.ID, UserID: event.UserID, Version: event.UserVersion, At: event.At,
		})
	}
	got, err := s.Sent.Published(ctx, after, limit)
	if err != nil {
		t.Fatalf("published events: %v", err)
	}
	if diff := diff(marks, got); diff != "" {
		t.Errorf("published events after %d differ (-want +got):\n%s", after, diff)
	}
}

func sentListed(t *testing.T, ctx context.Context, s *store) {
	s.wantSent(t, ctx, 0, 10)
	events := s.published(t, ctx, 3)
	s.wantSent(t, ctx, 0, 2, events[:2]...)
	s.wantSent(t, ctx, events[1].ID, 2, events[2])
	s.wantSent(t, ctx, events[2].ID, 2)
}

// unpublished makes one event of each kind that did not go out.
func (s *store) unpublished(t *testing.T, ctx context.Context) (waiting, dead, held, discarded domain.Event) {
	t.Helper()
	sick, dead := s.register(t, ctx)
	_, discarded = s.register(t, ctx)
	s.bury(t, ctx, dead)
	s.bury(t, ctx, discarded)
	s.discard(t, ctx, discarded)
	held = s.changed(t, ctx, sick.ID())
	s.wantDrained(t, ctx)
	_, waiting = s.register(t, ctx)
	return waiting, dead, held, discarded
}

func sentOthers(t *testing.T, ctx context.Context, s *store) {
	s.unpublished(t, ctx)
	s.wantSent(t, ctx, 0, 10)
	event := s.drainAll(t, ctx)
	s.wantSent(t, ctx, 0, 10, event...)
}

func sentRequeued(t *testing.T, ctx context.Context, s *store) {
	events := s.published(t, ctx, 4)
	note := newEntries(1)[0]
	count, err := s.Sent.RequeueEvents(ctx, []domain.EventID{events[2].Message.ID, events[0].Message.ID}, note)
	if err != nil || count != 2 {
		t.Errorf("requeue: got %d, error %v, want 2", count, err)
	}
	s.wantSent(t, ctx, 0, 10, events[1], events[3])
	if diff := diff([]ports.OutboxEvent{events[0], events[2]}, s.drainAll(t, ctx)); diff != "" {
		t.Errorf("events that came again differ (-want +got):\n%s", diff)
	}
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, note)
}

func sentLeftAlone(t *testing.T, ctx context.Context, s *store) {
	waiting, dead, held, discarded := s.unpublished(t, ctx)
	count, err := s.Sent.RequeueEvents(ctx, []domain.EventID{waiting.ID, dead.ID, held.ID, discarded.ID, {ID: newID()}}, newEntries(1)[0])
	if err != nil || count != 0 {
		t.Errorf("requeue: got %d, error %v, want none", count, err)
	}
	s.wantDrained(t, ctx, waiting)
	if _, err := s.Sent.RequeueEvents(ctx, nil, newEntries(1)[0]); err != nil {
		t.Errorf("requeue nothing: %v", err)
	}
	if _, err := s.Sent.RequeueEvents(cancelled(ctx), nil, newEntries(1)[0]); err == nil {
		t.Error("with a cancelled context: got no error, want one")
	}
}
