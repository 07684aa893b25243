package portstest

import (
	"context"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

var buryContracts = []contract[*store]{
	{"a buried event and the user's later ones are held, others are not", buried},
	{"what a user does after a burial is held", heldLater},
	{"burying twice is no error and changes nothing", buriedTwice},
	{"a user's earlier events go out in spite of a burial", buriedBehind},
}

func (s *store) bury(t *testing.T, ctx context.Context, event domain.Event) {
	t.Helper()
	if err := s.Queue.Bury(ctx, event.ID, "the stream refuses it", now()); err != nil {
		t.Fatalf("bury: %v", err)
	}
}

func buried(t *testing.T, ctx context.Context, s *store) {
	sick, poison := s.register(t, ctx)
	other, first := s.register(t, ctx)
	s.changed(t, ctx, sick.ID())
	second := s.changed(t, ctx, other.ID())
	s.bury(t, ctx, poison)
	s.wantDrained(t, ctx, first, second)
}

func heldLater(t *testing.T, ctx context.Context, s *store) {
	sick, poison := s.register(t, ctx)
	s.bury(t, ctx, poison)
	s.changed(t, ctx, sick.ID())
	_, other := s.register(t, ctx)
	s.wantDrained(t, ctx, other)
}

func buriedTwice(t *testing.T, ctx context.Context, s *store) {
	sick, poison := s.register(t, ctx)
	s.bury(t, ctx, poison)
	s.changed(t, ctx, sick.ID())
	s.bury(t, ctx, poison)
	s.changed(t, ctx, sick.ID())
	s.wantDrained(t, ctx)
}

func buriedBehind(t *testing.T, ctx context.Context, s *store) {
	sick, first := s.register(t, ctx)
	poison := s.changed(t, ctx, sick.ID())
	s.changed(t, ctx, sick.ID())
	s.bury(t, ctx, poison)
	s.wantDrained(t, ctx, first)
}
