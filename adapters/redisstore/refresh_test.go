package redisstore_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/menjin-id/menjin/domain"
)

func TestTenRefreshesAtOnceHaveOneSuccessor(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		_, session := s.open(t)
		at := now()
		var callers sync.WaitGroup
		for i := range 10 {
			callers.Go(func() {
				got, err := s.refresh(t, session, 0, at.Add(time.Duration(i)*time.Millisecond))
				if err != nil {
					t.Errorf("refresh: %v", err)
					return
				}
				next := refreshToken(session.State().UserID, session.State().ID, 1)
				if got.State().RefreshHash != next.Hash() {
					t.Errorf("refresh: the session has another token than the successor")
				}
			})
		}
		callers.Wait()
		if _, err := s.refresh(t, session, 1, at.Add(time.Second)); err != nil {
			t.Errorf("the successor: %v", err)
		}
		if _, err := s.refresh(t, session, 0, at.Add(time.Second)); !errors.Is(err, domain.ErrRefreshTokenReused) {
			t.Errorf("two generations old: got %v, want %v", err, domain.ErrRefreshTokenReused)
		}
	})
}

// The script is to do what the domain does, so both are given the same tokens at the same instants.
func TestRefreshDoesWhatTheDomainDoes(t *testing.T) {
	t.Parallel()
	for name, open := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := domain.SessionLimits{Idle: 10 * time.Second, Refresh: 60 * time.Second, MaxAge: 200 * time.Second}
			s := open(t, limits)
			rapid.Check(t, func(r *rapid.T) {
				user := domain.UserID{ID: newID()}
				at := now()
				model := newSession(user, at, limits)
				if _, err := s.store.Open(t.Context(), domain.RestoreSession(model.State()), most); err != nil {
					r.Fatal(err)
				}
				current, end := 0, at.Add(limits.Refresh) // the server's own clock hardly moves meanwhile
				for range rapid.IntRange(1, 6).Draw(r, "steps") {
					step := rapid.SampledFrom([]int{-1000, 0, 1, 5000, 9999, 10000, 10001, 59999, 60000}).Draw(r, "milliseconds")
					at = at.Add(time.Duration(step) * time.Millisecond)
					generation := max(current-rapid.IntRange(0, 2).Draw(r, "behind"), 0)
					presented := refreshToken(user, model.State().ID, generation).Hash()
					next := refreshToken(user, model.State().ID, generation+1).Hash()
					want := model.Refresh(presented, next, limits, at)
					got, err := s.refresh(t, model, generation, at)
					if !errors.Is(err, want) || (want == nil) != (err == nil) {
						r.Fatalf("generation %d of %d, %v before the end: got %v, want %v", generation, current, end.Sub(at), err, want)
					}
					if want != nil {
						continue
					}
					current, end = max(current, generation+1), model.State().RefreshUntil
					if diff := cmp.Diff(model.State(), got.State()); diff != "" {
						r.Fatalf("session: %s", diff)
					}
				}
			})
		})
	}
}

func TestRefreshOpensAnIdleSessionAgain(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		s.age(limits.Idle + time.Minute)
		if err := s.touch(t, session); !errors.Is(err, domain.ErrSessionEnded) {
			t.Fatalf("idle: %v", err)
		}
		at := now().Add(limits.Idle + time.Minute)
		if err := s.store.SetRoles(t.Context(), user, 2, []domain.Role{domain.RoleAdmin}); err != nil {
			t.Fatal(err)
		}
		if err := s.touch(t, session); !errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("other roles made an idle session live: %v", err)
		}
		got, err := s.refresh(t, session, 0, at)
		if err != nil {
			t.Fatal(err)
		}
		roles, err := s.store.Touch(t.Context(), user, session.State().ID, at)
		if want := []domain.Role{domain.RoleAdmin}; err != nil || !slices.Equal(roles, want) || !slices.Equal(got.State().Roles, want) {
			t.Errorf("roles: got %v and %v, %v, want %v", roles, got.State().Roles, err, want)
		}
		if left := s.client.PTTL(t.Context(), "session:{"+user.String()+"}:"+session.State().ID.String()).Val(); left <= limits.Idle-time.Minute {
			t.Errorf("live for %v, want %v", left, limits.Idle)
		}
	})
}

func TestEndedSessionIsNotRefreshed(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		if err := s.store.End(t.Context(), user, session.State().ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.refresh(t, session, 0, now()); !errors.Is(err, domain.ErrRefreshTokenInvalid) {
			t.Errorf("got %v, want %v", err, domain.ErrRefreshTokenInvalid)
		}
		if keys := s.keys(t); len(keys) != 0 {
			t.Errorf("it came back as %v", keys)
		}
	})
}

func TestRolesAreOfTheMomentAndKeepTheTimes(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, session := s.open(t)
		s.age(limits.Idle / 2)
		before := make(map[string]time.Duration)
		for _, key := range s.keys(t) {
			before[key] = s.client.PTTL(t.Context(), key).Val()
		}
		for i, want := range [][]domain.Role{nil, {domain.RoleUser}, {domain.RoleUser, domain.RoleAdmin, domain.RoleSupport}} {
			if err := s.store.SetRoles(t.Context(), user, int64(2+i), want); err != nil {
				t.Fatal(err)
			}
			for key, was := range before {
				if left := s.client.PTTL(t.Context(), key).Val(); left > was || left < was-time.Minute {
					t.Errorf("%s: lives for %v, and before for %v", key, left, was)
				}
			}
			listed, err := s.store.List(t.Context(), user, now())
			if err != nil || len(listed) != 1 || !slices.Equal(listed[0].State().Roles, want) {
				t.Errorf("listed %v, %v, want roles %v", listed, err, want)
			}
		}
		got, err := s.store.Touch(t.Context(), user, session.State().ID, now())
		if want := []domain.Role{domain.RoleUser, domain.RoleAdmin, domain.RoleSupport}; err != nil || !slices.Equal(got, want) {
			t.Errorf("touch: got %v, %v, want %v", got, err, want)
		}
	})
}

func TestListShowsWhatIsKept(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		start := now()
		user := domain.UserID{ID: newID()}
		brief := limits
		brief.Refresh = limits.Idle + time.Minute
		idle, live, gone := newSession(user, start.Add(-3*time.Second), limits), newSession(user, start, limits),
			newSession(user, start.Add(-time.Second), brief)
		for _, session := range []*domain.Session{live, idle, gone} {
			s.openFor(t, session)
		}
		s.age(limits.Idle - time.Minute)
		if err := s.touch(t, live); err != nil {
			t.Fatal(err)
		}
		s.age(2 * time.Minute)
		at := start.Add(limits.Idle + time.Minute)
		listed, err := s.store.List(t.Context(), user, at)
		if err != nil {
			t.Fatal(err)
		}
		var got []domain.SessionState
		for _, session := range listed {
			got = append(got, session.State())
		}
		first, second := live.State(), idle.State()
		first.LastSeenAt, first.IdleUntil = at.Add(-2*time.Minute), at.Add(limits.Idle-2*time.Minute)
		want := []domain.SessionState{first, second}
		for i := range want {
			want[i].SessionKey = domain.SessionKey{}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateApproxTime(10*time.Second)); diff != "" {
			t.Errorf("listed:\n%s", diff)
		}
		if listed[0].Check(at) != nil || listed[1].Check(at) == nil {
			t.Errorf("live: got %v and %v, want the first alone", listed[0].Check(at), listed[1].Check(at))
		}
		if other, err := s.store.List(t.Context(), domain.UserID{ID: newID()}, at); err != nil || len(other) != 0 {
			t.Errorf("somebody else's: %v, %v", other, err)
		}
	})
}

func TestAllEndButOne(t *testing.T) {
	onEachServer(t, func(t *testing.T, s *setup) {
		user, first := s.open(t)
		second, later := newSession(user, now(), limits), newSessionOn(2, user, now(), limits)
		s.openFor(t, second)
		s.openFor(t, later)
		if err := s.store.EndOpenedBefore(t.Context(), user, 2, second.State().ID); err != nil {
			t.Fatal(err)
		}
		if err := s.touch(t, first); !errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("the first: got %v, want %v", err, domain.ErrSessionEnded)
		}
		if err := errors.Join(s.touch(t, second), s.touch(t, later)); err != nil {
			t.Errorf("those that stay: %v", err)
		}
		if err := s.store.EndOpenedBefore(t.Context(), user, 2, domain.SessionID{}); err != nil {
			t.Fatal(err)
		}
		if err := s.touch(t, second); !errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("the second, at last: got %v, want %v", err, domain.ErrSessionEnded)
		}
	})
}
