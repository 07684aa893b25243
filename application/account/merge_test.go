package account_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/domain"
)

func (b *bundle) merge() *account.Merge {
	return account.NewMerge(session.NewCheck(b.tokens, b.sessions, b.clock), account.NewMerger(b.store, b.users(), b.ender()))
}

func TestMergeKeepsTheOlderAccountWhoeverAsks(t *testing.T) {
	t.Parallel()
	for _, olderAsks := range []bool{true, false} {
		b := setup()
		older, younger := b.byWeChat(t, "o-1"), b.byPassword(t, "alice")
		absorbed := b.state(t, younger)
		caller, callerToken := b.signIn(t, older)
		other, otherToken := b.signIn(t, younger)
		if !olderAsks {
			caller, otherToken = other, callerToken
		}
		kept, err := b.merge().Do(t.Context(), caller, otherToken)
		if err != nil || kept.ID() != older {
			t.Fatalf("merge asked for by the older %t: got %v (%v), want the older account", olderAsks, kept, err)
		}
		state := b.state(t, older)
		if len(state.WeChat) != 1 || state.Username != absorbed.Username || !state.PasswordHash.Equal(absorbed.PasswordHash.Secret) ||
			!state.Email.Equal(absorbed.Email.Secret) {
			t.Errorf("the account kept: got %+v, want what both had", state)
		}
		_, err = b.store.ByID(t.Context(), younger)
		wantError(t, "the account absorbed", err, domain.ErrUserNotFound)
		b.wantSessions(t, older)
		b.wantSessions(t, younger)
		facts := domain.Merged{Kept: older, Absorbed: younger}
		ended := domain.SessionEnded{Reason: domain.EndedByMerge}
		b.wantEvents(t, ended, ended, facts, facts)
		for _, event := range b.store.Events() {
			if want := b.versionOf(event, older, state.Version); event.Version != want {
				t.Errorf("%s of %v: got version %d, want %d", event.Type, event.UserID, event.Version, want)
			}
		}
		b.wantAudit(t, caller, domain.AuditMerge, older, "self-service, absorbed "+younger.String())
		if got, told := account.Absorbed(b.store.AuditEntries()[0]); !told || got != younger {
			t.Errorf("absorbed: read %v, %t, want %v", got, told, younger)
		}
	}
}

// versionOf is the version an event of a merge should have: session_ended, then merged, the last of either user.
func (b *bundle) versionOf(event domain.Event, kept domain.UserID, last int64) int64 {
	if event.UserID != kept {
		last = 3 // registered, session_ended, merged
	}
	if event.Type == domain.EventSessionEnded {
		return last - 1
	}
	return last
}

func TestMergeNeedsAnotherLiveSession(t *testing.T) {
	t.Parallel()
	b := setup()
	one, two := b.byWeChat(t, "o-1"), b.byPassword(t, "alice")
	caller, own := b.signIn(t, one)
	other, token := b.signIn(t, two)
	for what, bad := range map[string]domain.Secret{"none": {}, "garbage": domain.NewSecret("x"), "the caller's own": own} {
		_, err := b.merge().Do(t.Context(), caller, bad)
		wantField(t, what, err, "token")
	}
	b.sessions.Break(domain.ErrUnavailable)
	_, err := b.merge().Do(t.Context(), caller, token)
	wantError(t, "sessions out of reach", err, domain.ErrUnavailable)
	b.sessions.Break(nil)
	if err := b.sessions.End(t.Context(), two, other.SessionID); err != nil {
		t.Fatal(err)
	}
	_, err = b.merge().Do(t.Context(), caller, token)
	wantField(t, "an ended one", err, "token")
	b.wantEvents(t)
	b.wantSessions(t, one, caller.SessionID)
}

func TestLockedAccountIsNotMerged(t *testing.T) {
	t.Parallel()
	b := setup()
	one, two := b.byWeChat(t, "o-1"), b.byPassword(t, "alice")
	caller, _ := b.signIn(t, one)
	_, token := b.signIn(t, two)
	user, err := b.store.ByID(t.Context(), two)
	if err != nil {
		t.Fatal(err)
	}
	user.Lock(b.stamp())
	b.store.Put(user)
	_, err = b.merge().Do(t.Context(), caller, token)
	wantError(t, "merge", err, domain.ErrAccountLocked)
	if len(b.state(t, two).WeChat) != 0 || len(b.store.AuditEntries()) != 0 {
		t.Error("a refused merge changed something")
	}
	b.wantEvents(t)
}

func TestAbsorbedIsReadFromNotesOfMergesAlone(t *testing.T) {
	t.Parallel()
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	for _, test := range []struct {
		action domain.AuditAction
		detail string
		want   bool
	}{
		{domain.AuditMerge, "by an administrator, absorbed " + id, true},
		{domain.AuditMerge, "absorbed " + id, true},
		{domain.AuditLock, "absorbed " + id, false},
		{domain.AuditMerge, "self-service", false},
		{domain.AuditMerge, "", false},
		{domain.AuditMerge, "absorbed " + id + " ", false},
		{domain.AuditMerge, "absorbed 00000000-0000-0000-0000-000000000000", false},
	} {
		got, told := account.Absorbed(domain.AuditEntry{Action: test.action, Detail: test.detail})
		if told != test.want || test.want && got.String() != id {
			t.Errorf("%s %q: got %v, %t, want %t", test.action, test.detail, got, told, test.want)
		}
	}
}

func TestAccountThatWaitsForDeletionIsNotMerged(t *testing.T) {
	t.Parallel()
	b := setup()
	one, two := b.byWeChat(t, "o-1"), b.byPassword(t, "alice")
	user, err := b.store.ByID(t.Context(), two)
	if err != nil {
		t.Fatal(err)
	}
	user.RequestDeletion(b.now.Add(1), b.stamp())
	b.store.Put(user)
	_, err = account.NewMerger(b.store, b.users(), b.ender()).Merge(t.Context(), one, two, nil)
	wantField(t, "merge", err, "token")
	if b.state(t, two).DeleteAt.IsZero() {
		t.Error("the deletion was cancelled")
	}
	b.wantEvents(t)
}

func TestMergesOfTwoAccountsAtOnceMakeOne(t *testing.T) {
	t.Parallel()
	b := setup()
	one, two := b.byWeChat(t, "o-1"), b.byPassword(t, "alice")
	first, firstToken := b.signIn(t, one)
	second, secondToken := b.signIn(t, two)
	merge := b.merge()
	var wait sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wait.Go(func() {
			if i%2 == 0 {
				_, errs[i] = merge.Do(t.Context(), first, secondToken)
			} else {
				_, errs[i] = merge.Do(t.Context(), second, firstToken)
			}
		})
	}
	wait.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, domain.ErrUserNotFound) && !errors.Is(err, domain.ErrInvalidArgument):
			t.Errorf("merge: got %v", err)
		}
	}
	if won != 1 || len(b.store.Events()) != 4 || len(b.store.AuditEntries()) != 1 {
		t.Errorf("got %d merges, %d events, %d entries, want 1, 4, 1", won, len(b.store.Events()), len(b.store.AuditEntries()))
	}
	if state := b.state(t, one); len(state.WeChat) != 1 || state.Username.String() != "alice" {
		t.Errorf("the account kept: got %+v, want what both had", state)
	}
}

func TestMergeSurvivesACrashBetweenTheStores(t *testing.T) {
	t.Parallel()
	b := setup()
	one, two := b.byWeChat(t, "o-1"), b.byPassword(t, "alice")
	_, _ = b.signIn(t, one)
	_, _ = b.signIn(t, two)
	b.sessions.Break(domain.ErrUnavailable)
	_, err := account.NewMerger(b.store, b.users(), b.ender()).Merge(t.Context(), one, two, nil)
	wantError(t, "merge", err, domain.ErrUnavailable)
	b.sessions.Break(nil)
	for _, event := range b.store.Events() { // what Follow is told
		if ended, ok := event.Facts.(domain.SessionEnded); ok {
			if err := b.sessions.EndOpenedBefore(t.Context(), event.UserID, event.Version, ended.Except); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.wantSessions(t, one)
	b.wantSessions(t, two)
	caller, _ := b.signIn(t, one)
	b.wantSessions(t, one, caller.SessionID)
}
