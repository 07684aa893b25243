package session_test

import (
	"context"
	"testing"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func addUser(user *domain.User, event domain.Event) func(context.Context, ports.Tx) error {
	return func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Users().Add(ctx, user); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, event)
	}
}

// follow lets the use case take a number of notices from the feed.
func (b *bundle) follow(t *testing.T, feed *memory.SessionFeed, count int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	counted := countingFeed{feed, func() {
		if count--; count == 0 {
			cancel()
		}
	}}
	if err := session.NewFollow(counted, b.store, b.sessions, &b.forgotten).Run(ctx); err != nil {
		t.Fatal(err)
	}
}

// forgotten remembers who was let go of.
type forgotten map[domain.UserID]int64

func (f *forgotten) Do(_ context.Context, user domain.UserID, last int64) error {
	if *f == nil {
		*f = make(forgotten)
	}
	(*f)[user] = last
	return nil
}

// countingFeed calls done after each notice that was taken.
type countingFeed struct {
	ports.SessionFeed
	done func()
}

func (f countingFeed) Follow(ctx context.Context, handle func(context.Context, ports.SessionNotice) error) error {
	return f.SessionFeed.Follow(ctx, func(ctx context.Context, notice ports.SessionNotice) error {
		err := handle(ctx, notice)
		if err == nil {
			f.done()
		}
		return err
	})
}
