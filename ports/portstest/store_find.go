package portstest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

var findContracts = []contract[*store]{
	{"a user is found by username in any case", findUsername},
	{"a user is found by e-mail in any case", findEmail},
	{"what nobody is called is not found", findNobody},
	{"who has a unionid is found, the earliest registered first", findUnion},
	{"finding with a cancelled context tells nothing", findCancelled},
}

// sortedIDs returns the ids in rising order.
func sortedIDs(ids ...domain.UserID) []domain.UserID {
	slices.SortFunc(ids, func(a, b domain.UserID) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return ids
}

func (s *store) wantUnion(t *testing.T, ctx context.Context, unionID domain.UnionID, want ...domain.UserID) {
	t.Helper()
	users, err := s.Finder.ByUnionID(ctx, unionID)
	if err != nil {
		t.Fatalf("ByUnionID: %v", err)
	}
	if got := idsOf(users); !slices.Equal(got, want) {
		t.Errorf("ByUnionID: got users %v, want %v", got, want)
	}
}

func idsOf(users []*domain.User) (ids []domain.UserID) {
	for _, user := range users {
		ids = append(ids, user.ID())
	}
	return ids
}

func (s *store) addFull(t *testing.T, ctx context.Context) domain.UserState {
	t.Helper()
	state := newFullState(t)
	if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
		t.Fatalf("add: %v", err)
	}
	return state
}

func findUsername(t *testing.T, ctx context.Context, s *store) {
	want := s.addFull(t, ctx)
	s.addFull(t, ctx)
	for _, text := range []string{want.Username.String(), swapCase(want.Username.String())} {
		got, err := s.Finder.ByUsername(ctx, must(domain.NewUsername(text))(t))
		if err != nil {
			t.Fatalf("ByUsername: %v", err)
		}
		if diff := diff(want, got.State()); diff != "" {
			t.Errorf("ByUsername: state differs (-want +got):\n%s", diff)
		}
	}
}

func findEmail(t *testing.T, ctx context.Context, s *store) {
	want := s.addFull(t, ctx)
	s.addFull(t, ctx)
	for _, text := range []string{want.Email.Reveal(), swapCase(want.Email.Reveal())} {
		got, err := s.Finder.ByEmail(ctx, must(domain.NewEmail(text))(t))
		if err != nil {
			t.Fatalf("ByEmail: %v", err)
		}
		if diff := diff(want, got.State()); diff != "" {
			t.Errorf("ByEmail: state differs (-want +got):\n%s", diff)
		}
	}
}

func findNobody(t *testing.T, ctx context.Context, s *store) {
	s.register(t, ctx)
	state := s.addFull(t, ctx)
	_, byName := s.Finder.ByUsername(ctx, must(domain.NewUsername("n"+randomText()))(t))
	_, byPrefix := s.Finder.ByUsername(ctx, must(domain.NewUsername(state.Username.String()[:4]))(t))
	_, byEmail := s.Finder.ByEmail(ctx, must(domain.NewEmail("x"+state.Email.Reveal()))(t))
	for name, err := range map[string]error{"ByUsername": byName, "ByUsername of a prefix": byPrefix, "ByEmail": byEmail} {
		if !errors.Is(err, domain.ErrUserNotFound) {
			t.Errorf("%s: got error %v, want %v", name, err, domain.ErrUserNotFound)
		}
	}
	s.wantUnion(t, ctx, must(domain.NewUnionID("u-"+randomText()))(t))
}

func findUnion(t *testing.T, ctx context.Context, s *store) {
	earlier, later, other := newFullState(t), newFullState(t), newFullState(t)
	ids := sortedIDs(earlier.ID, later.ID)
	earlier.ID, later.ID = ids[0], ids[1]
	later.CreatedAt = earlier.CreatedAt.AddDate(1, 0, 0)
	unionID := earlier.WeChat[0].UnionID
	earlier.WeChat[1].UnionID = unionID // one has it twice, and is found once
	for _, state := range []domain.UserState{later, other, earlier} {
		if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
			t.Fatalf("add: %v", err)
		}
	}
	later.WeChat[1].UnionID = unionID // learnt late
	if err := s.save(ctx, later); err != nil {
		t.Fatalf("save: %v", err)
	}
	s.wantUnion(t, ctx, unionID, earlier.ID, later.ID)
	found, err := s.Finder.ByUnionID(ctx, unionID)
	if err != nil {
		t.Fatalf("ByUnionID: %v", err)
	}
	if diff := diff(earlier, found[0].State()); diff != "" {
		t.Errorf("ByUnionID: state differs (-want +got):\n%s", diff)
	}
}

func findCancelled(t *testing.T, ctx context.Context, s *store) {
	state := s.addFull(t, ctx)
	_, byName := s.Finder.ByUsername(cancelled(ctx), state.Username)
	_, byEmail := s.Finder.ByEmail(cancelled(ctx), state.Email)
	_, byUnion := s.Finder.ByUnionID(cancelled(ctx), state.WeChat[0].UnionID)
	for name, err := range map[string]error{"ByUsername": byName, "ByEmail": byEmail, "ByUnionID": byUnion} {
		if err == nil || errors.Is(err, domain.ErrUserNotFound) {
			t.Errorf("%s with a cancelled context: got error %v, want another than %v", name, err, domain.ErrUserNotFound)
		}
	}
}
