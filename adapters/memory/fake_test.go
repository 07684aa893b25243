package memory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var errDown = errors.New("down")

func TestBrokenFakesFailUntilMended(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{})
	limiter, attempts, hasher, keys := memory.NewLimiter(), memory.NewAttempts(), memory.NewPasswordHasher(1), memory.NewSigningKeys()
	sessions, stream, wechat := memory.NewSessions(domain.SessionLimits{}), memory.NewEventStream(), memory.NewWeChat("wx1")
	wechat.Grant("code", ports.WeChatLogin{})
	user := domain.RestoreUser(domain.UserState{ID: domain.UserID{ID: domain.ID{1}}})
	store.Put(user)
	calls := map[string]func() error{
		"store":    func() error { _, err := store.ByID(ctx, user.ID()); return err },
		"sessions": func() error { return sessions.End(ctx, user.ID(), domain.SessionID{}) },
		"limiter":  func() error { _, err := limiter.Take(ctx, "key", ports.Rate{}, time.Time{}); return err },
		"attempts": func() error { return attempts.Clear(ctx, "key") },
		"hasher":   func() error { _, err := hasher.Hash(ctx, domain.Password{}); return err },
		"keys":     func() error { _, err := keys.All(ctx); return err },
		"stream":   func() error { _, err := stream.Tail(ctx); return err },
		"WeChat":   func() error { _, err := wechat.ExchangeCode(ctx, "wx1", domain.NewSecret("code")); return err },
	}
	fakes := map[string]interface{ Break(err error) }{
		"store": store, "sessions": sessions, "stream": stream, "WeChat": wechat,
		"limiter": limiter, "attempts": attempts, "hasher": hasher, "keys": keys,
	}
	for name, call := range calls {
		fakes[name].Break(errDown)
		if err := call(); !errors.Is(err, errDown) {
			t.Errorf("broken %s: got error %v, want %v", name, err, errDown)
		}
		fakes[name].Break(nil)
		if err := call(); err != nil {
			t.Errorf("mended %s: %v", name, err)
		}
	}
	if got := wechat.Calls(); got != 2 {
		t.Errorf("calls of WeChat: got %d, want 2", got)
	}
}

func TestRefusedCodeFailsEachTime(t *testing.T) {
	t.Parallel()
	wechat := memory.NewWeChat("wx1")
	wechat.Refuse("code", domain.ErrWeChatUserBlocked)
	for range 2 {
		_, err := wechat.ExchangeCode(t.Context(), "wx1", domain.NewSecret("code"))
		if !errors.Is(err, domain.ErrWeChatUserBlocked) {
			t.Errorf("got error %v, want %v", err, domain.ErrWeChatUserBlocked)
		}
	}
}

func TestStoreShowsWhatBecameOfEvents(t *testing.T) {
	t.Parallel()
	store := memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{})
	user, registered := domain.RegisterWithWeChat(
		domain.UserID{ID: domain.ID{1}}, domain.WeChatIdentity{AppID: "wx1"},
		domain.Stamp{ID: domain.EventID{ID: domain.ID{2}}, At: time.Unix(0, 0).UTC()},
	)
	err := store.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Users().Add(ctx, user), tx.Outbox().Append(ctx, registered))
	})
	if err != nil {
		t.Fatalf("register: %v", err)
	}
	if got := store.Events(); len(got) != 1 || got[0] != registered || store.Waiting() != 1 {
		t.Errorf("events: got %+v, %d waiting, want %+v waiting", got, store.Waiting(), registered)
	}
	if err := store.Bury(t.Context(), registered.ID, "too large", time.Now()); err != nil {
		t.Fatalf("bury: %v", err)
	}
	if reason, ok := store.Buried(registered.ID); !ok || reason != "too large" || store.Waiting() != 0 {
		t.Errorf("buried: got %q, %t, %d waiting, want the reason and none waiting", reason, ok, store.Waiting())
	}
}

func TestStreamForgetsWhatItIsToldTo(t *testing.T) {
	t.Parallel()
	stream := memory.NewEventStream()
	events := make([]ports.OutboxEvent, 3)
	for i := range events {
		events[i].Message.ID = domain.EventID{ID: domain.ID{byte(i + 1)}}
	}
	before, err := stream.Publish(t.Context(), ports.StreamPosition{}, events)
	if err != nil {
		t.Fatalf("publish: %v", err)
	}
	stream.Rewind(1)
	if got := stream.Messages(); len(got) != 1 || got[0].ID != events[0].Message.ID {
		t.Errorf("messages after Rewind: got %+v, want the first", got)
	}
	stream.Recreate()
	after, err := stream.Tail(t.Context())
	if err != nil || after.Stream == before.Stream || after.Sequence != 0 {
		t.Errorf("tail after Recreate: got %+v, error %v, want the start of another stream than %s", after, err, before.Stream)
	}
}
