package portstest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var conflictContracts = []contract[*store]{
	{"a username in another case is taken", takenUsername},
	{"an e-mail in another case is taken", takenEmail},
	{"a telephone number is taken", takenPhone},
	{"a name is taken within the same transaction", takenUsernameWithin},
	{"a change to what somebody else has is refused, and nothing changed", takenBySave},
	{"of 50 registrations of one username one wins", usernameRace},
	{"of 50 registrations of one e-mail one wins", emailRace},
	{"of 50 users who want one identity, e-mail, username or telephone number, one gets it", saveRace},
	{"users without name, e-mail, telephone number and unionid do not collide", nothingToCollide},
}

// swapCase returns the text with the case of each letter turned around.
func swapCase(text string) string {
	return strings.Map(func(r rune) rune {
		if upper := []rune(strings.ToUpper(string(r)))[0]; upper != r {
			return upper
		}
		return []rune(strings.ToLower(string(r)))[0]
	}, text)
}

func (s *store) wantConflict(t *testing.T, ctx context.Context, want *domain.Error, name, email string) {
	t.Helper()
	user, event := newUserNamed(t, name, email)
	if err := s.add(ctx, user, event); !errors.Is(err, want) {
		t.Errorf("add: got error %v, want %v", err, want)
	}
	if _, err := s.Users.ByID(ctx, user.ID()); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("refused user: got error %v, want %v", err, domain.ErrUserNotFound)
	}
}

func takenUsername(t *testing.T, ctx context.Context, s *store) {
	name := "Ärger-李_" + randomText()
	first, event := newUserNamed(t, name, randomText()+"@example.com")
	if err := s.add(ctx, first, event); err != nil {
		t.Fatalf("add: %v", err)
	}
	s.wantConflict(t, ctx, domain.ErrUsernameTaken, name, randomText()+"@example.com")
	s.wantConflict(t, ctx, domain.ErrUsernameTaken, swapCase(name), randomText()+"@example.com")
	s.wantState(t, ctx, first.State())
}

func takenEmail(t *testing.T, ctx context.Context, s *store) {
	email := "Li." + randomText() + "@Example.com"
	first, event := newUserNamed(t, "n"+randomText(), email)
	if err := s.add(ctx, first, event); err != nil {
		t.Fatalf("add: %v", err)
	}
	s.wantConflict(t, ctx, domain.ErrEmailTaken, "n"+randomText(), email)
	s.wantConflict(t, ctx, domain.ErrEmailTaken, "n"+randomText(), swapCase(email))
	s.wantState(t, ctx, first.State())
}

func takenPhone(t *testing.T, ctx context.Context, s *store) {
	has := newFullState(t)
	if err := s.add(ctx, domain.RestoreUser(has)); err != nil {
		t.Fatalf("add: %v", err)
	}
	wants := newFullState(t)
	wants.Phone = has.Phone
	if err := s.add(ctx, domain.RestoreUser(wants)); !errors.Is(err, domain.ErrPhoneTaken) {
		t.Errorf("add: got error %v, want %v", err, domain.ErrPhoneTaken)
	}
	has.Phone = newPhone(t)
	s.saved(t, ctx, has)
	if err := s.add(ctx, domain.RestoreUser(wants)); err != nil {
		t.Errorf("add with a number that was given up: %v", err)
	}
	s.wantState(t, ctx, has)
	s.wantState(t, ctx, wants)
}

func takenUsernameWithin(t *testing.T, ctx context.Context, s *store) {
	name := "Li-" + randomText()
	first, _ := newUserNamed(t, name, randomText()+"@example.com")
	second, _ := newUserNamed(t, swapCase(name), randomText()+"@example.com")
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Users().Add(ctx, first), tx.Users().Add(ctx, second))
	})
	if !errors.Is(err, domain.ErrUsernameTaken) {
		t.Errorf("got error %v, want %v", err, domain.ErrUsernameTaken)
	}
	s.wantNothing(t, ctx, first)
}

func takenBySave(t *testing.T, ctx context.Context, s *store) {
	has, wants := newFullState(t), newFullState(t)
	for _, state := range []domain.UserState{has, wants} {
		if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
			t.Fatalf("add: %v", err)
		}
	}
	name, email, phone, identity := wants, wants, wants, wants
	phone.Phone = has.Phone
	name.Username = must(domain.NewUsername(swapCase(has.Username.String())))(t)
	email.Email = must(domain.NewEmail(swapCase(has.Email.Reveal())))(t)
	identity.WeChat = append(slices.Clone(wants.WeChat), has.WeChat[0])
	for _, c := range []struct {
		state domain.UserState
		want  *domain.Error
	}{{name, domain.ErrUsernameTaken}, {email, domain.ErrEmailTaken}, {phone, domain.ErrPhoneTaken}, {identity, domain.ErrWeChatTaken}} {
		if err := s.save(ctx, c.state); !errors.Is(err, c.want) {
			t.Errorf("save: got error %v, want %v", err, c.want)
		}
	}
	s.wantState(t, ctx, has)
	s.wantState(t, ctx, wants)
}

// wantOneWinner lets racers go at once and checks that one gets through and the others have the conflict.
func wantOneWinner(t *testing.T, racers int, conflict *domain.Error, run func(i int) error) (winner int) {
	t.Helper()
	errs := make([]error, racers)
	var racing sync.WaitGroup
	start := make(chan struct{})
	for i := range racers {
		racing.Go(func() {
			<-start
			errs[i] = run(i)
		})
	}
	close(start)
	racing.Wait()
	winner = slices.Index(errs, nil)
	if winner < 0 {
		t.Fatalf("nobody won: %v", errors.Join(errs...))
	}
	for i, err := range errs {
		if i != winner && !errors.Is(err, conflict) {
			t.Errorf("racer %d: got error %v, want %v", i, err, conflict)
		}
	}
	return winner
}

const racers = 50

func usernameRace(t *testing.T, ctx context.Context, s *store) {
	name := "Li-" + randomText()
	s.registerRace(t, ctx, domain.ErrUsernameTaken, func(i int) (string, string) {
		return []string{name, swapCase(name)}[i%2], randomText() + "@example.com"
	})
}

func emailRace(t *testing.T, ctx context.Context, s *store) {
	email := "Li." + randomText() + "@Example.com"
	s.registerRace(t, ctx, domain.ErrEmailTaken, func(i int) (string, string) {
		return "n" + randomText(), []string{email, swapCase(email)}[i%2]
	})
}

func (s *store) registerRace(t *testing.T, ctx context.Context, conflict *domain.Error, named func(i int) (name, email string)) {
	t.Helper()
	users, events := make([]*domain.User, racers), make([]domain.Event, racers)
	for i := range racers {
		name, email := named(i)
		users[i], events[i] = newUserNamed(t, name, email)
	}
	winner := wantOneWinner(t, racers, conflict, func(i int) error { return s.add(ctx, users[i], events[i]) })
	s.wantState(t, ctx, users[winner].State())
	s.wantDrained(t, ctx, events[winner])
}
