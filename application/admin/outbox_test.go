package admin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func (b *bundle) outbox() *admin.Outbox {
	return admin.NewOutbox(b.store, b.store, b.store, b.store, func() time.Time { return start }, b.newID)
}

// bury makes a dead letter of a new event of a user.
func (b *bundle) bury(t *testing.T, user domain.UserID) domain.EventID {
	t.Helper()
	if _, err := b.lock.Lock(t.Context(), b.operator, user, "to make an event"); err != nil {
		t.Fatal(err)
	}
	var last domain.EventID
	for _, event := range b.store.Events() {
		if event.UserID == user && event.Type == domain.EventLocked {
			last = event.ID
		}
	}
	if err := b.store.Bury(t.Context(), last, "too large", start); err != nil {
		t.Fatal(err)
	}
	return last
}

func TestDeadLetterIsDecidedOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		decide func(uc *admin.Outbox, b *bundle, t *testing.T, event domain.EventID) error
		action domain.AuditAction
		detail string
	}{
		"retried": {func(uc *admin.Outbox, b *bundle, t *testing.T, event domain.EventID) error {
			return uc.Retry(t.Context(), b.boss, event)
		}, domain.AuditOutboxRetry, ""},
		"discarded": {func(uc *admin.Outbox, b *bundle, t *testing.T, event domain.EventID) error {
			return uc.Discard(t.Context(), b.boss, event, "of no use")
		}, domain.AuditOutboxDiscard, ": of no use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			uc := b.outbox()
			event := b.bury(t, b.user.UserID)
			if err := test.decide(uc, b, t, event); err != nil {
				t.Fatal(err)
			}
			b.wantAudit(t, 2, b.boss, test.action, b.user.UserID, "event "+event.String()+test.detail)
			wantError(t, "decide again", test.decide(uc, b, t, event), domain.ErrNotFound)
			if got := len(b.store.AuditEntries()); got != 2 {
				t.Errorf("audit entries: got %d, want 2", got)
			}
		})
	}
}

func TestAllDeadLettersAreRetried(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.bury(t, b.user.UserID)
	b.bury(t, b.support.UserID)
	if got, err := b.outbox().RetryAll(t.Context(), b.boss, 0); err != nil || got != (admin.Retried{Count: 2}) {
		t.Errorf("got %+v, error %v, want 2 and none left", got, err)
	}
	if got, err := b.outbox().Dead(t.Context(), b.boss, ports.DeadLetterFilter{}, 0, 10); err != nil || len(got) != 0 {
		t.Errorf("undecided: got %v, error %v, want none", got, err)
	}
}

func TestDiscardWantsAReason(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := b.bury(t, b.user.UserID)
	for _, reason := range []string{"", "  ", "line\nbreak"} {
		wantError(t, "discard", b.outbox().Discard(t.Context(), b.boss, event, reason), domain.ErrInvalidArgument)
	}
}

func TestPauseIsNoted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	uc, shard, none := b.outbox(), 0, 7
	if err := uc.SetPaused(t.Context(), b.boss, nil, true); err != nil {
		t.Fatal(err)
	}
	b.wantAudit(t, 1, b.boss, domain.AuditOutboxPause, domain.UserID{}, "all shards")
	if status, err := uc.Status(t.Context(), b.boss); err != nil || !status.Shards[0].Paused {
		t.Errorf("status: got %+v, error %v, want it paused", status, err)
	}
	if err := uc.SetPaused(t.Context(), b.boss, &shard, false); err != nil {
		t.Fatal(err)
	}
	b.wantAudit(t, 2, b.boss, domain.AuditOutboxResume, domain.UserID{}, "shard 0")
	wantError(t, "pause a shard there is not", uc.SetPaused(t.Context(), b.boss, &none, true), domain.ErrNotFound)
}

func TestReplayIsAskedForAndCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.bury(t, b.user.UserID)
	uc := b.outbox()
	replay, err := uc.Replay(t.Context(), b.boss, ports.ReplayFilter{User: b.user.UserID, FromID: 1}, "search")
	if err != nil {
		t.Fatal(err)
	}
	b.wantAudit(t, 2, b.boss, domain.AuditOutboxReplay, b.user.UserID, "replay "+replay.ID.String())
	if got, err := uc.Replays(t.Context(), b.boss, 10); err != nil || len(got) != 1 || got[0].To != "search" {
		t.Errorf("replays: got %+v, error %v, want the one", got, err)
	}
	if err := uc.CancelReplay(t.Context(), b.boss, replay.ID); err != nil {
		t.Fatal(err)
	}
	b.wantAudit(t, 3, b.boss, domain.AuditOutboxCancel, domain.UserID{}, "replay "+replay.ID.String())
	wantError(t, "cancel again", uc.CancelReplay(t.Context(), b.boss, replay.ID), domain.ErrNotFound)
}

func TestReplayThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, test := range map[string]struct {
		filter ports.ReplayFilter
		to     string
	}{
		"nothing named":           {},
		"ids the wrong way round": {filter: ports.ReplayFilter{FromID: 9, ToID: 8}},
		"negative id":             {filter: ports.ReplayFilter{FromID: -1}},
		"no time between":         {filter: ports.ReplayFilter{Since: start, Until: start}},
		"a name of two tokens":    {filter: ports.ReplayFilter{FromID: 1}, to: "a.b"},
		"a wildcard":              {filter: ports.ReplayFilter{FromID: 1}, to: ">"},
		"a type with NUL":         {filter: ports.ReplayFilter{Type: "menjin\x00"}},
		"a type that is no text":  {filter: ports.ReplayFilter{Type: "\xff"}},
		"a type in capitals":      {filter: ports.ReplayFilter{Type: "Menjin"}},
		"a long type":             {filter: ports.ReplayFilter{Type: strings.Repeat("a", 129)}},
		"a long name":             {filter: ports.ReplayFilter{FromID: 1}, to: "abcdefghijklmnopqrstuvwxyz0123456"},
	} {
		_, err := b.outbox().Replay(t.Context(), b.boss, test.filter, test.to)
		wantError(t, name, err, domain.ErrInvalidArgument)
	}
}

func TestOutboxIsForThoseWhoManageIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := b.bury(t, b.user.UserID)
	uc, ctx := b.outbox(), t.Context()
	for name, do := range map[string]func(actor admin.Actor) error{
		"status":  func(a admin.Actor) error { _, err := uc.Status(ctx, a); return err },
		"dead":    func(a admin.Actor) error { _, err := uc.Dead(ctx, a, ports.DeadLetterFilter{}, 0, 1); return err },
		"retry":   func(a admin.Actor) error { return uc.Retry(ctx, a, event) },
		"all":     func(a admin.Actor) error { _, err := uc.RetryAll(ctx, a, 0); return err },
		"discard": func(a admin.Actor) error { return uc.Discard(ctx, a, event, "why") },
		"pause":   func(a admin.Actor) error { return uc.SetPaused(ctx, a, nil, true) },
		"replay":  func(a admin.Actor) error { _, err := uc.Replay(ctx, a, ports.ReplayFilter{FromID: 1}, ""); return err },
		"replays": func(a admin.Actor) error { _, err := uc.Replays(ctx, a, 1); return err },
		"cancel":  func(a admin.Actor) error { return uc.CancelReplay(ctx, a, event.ID) },
	} {
		for _, actor := range []admin.Actor{b.user, b.support, {}} {
			wantError(t, name, do(actor), domain.ErrPermissionDenied)
		}
	}
}
