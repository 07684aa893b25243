package natsbus_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// TestDeletedUserDoesNotComeBackWithTheOutbox lets a stream that was made anew be filled again from the outbox.
func TestDeletedUserDoesNotComeBackWithTheOutbox(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	bus := within(t, server, natsbus.Options{})
	_, js := client(t, server.URL())
	db := outboxDB(t)
	outbox := sqlstore.NewOutbox(db, sqlstore.OutboxOptions{})

	gone, first := register(t, db)
	_, stays := register(t, db)
	last := remove(t, db, gone)
	drainInto(t, outbox, bus)
	if got := held(t, js); len(got) != 4 {
		t.Fatalf("messages: got %d, want 4", len(got))
	}
	if err := outbox.Forget(limited(t), gone, last.Version); err != nil {
		t.Fatal(err)
	}
	if err := bus.Purge(limited(t), gone); err != nil {
		t.Fatal(err)
	}
	want := []domain.EventID{stays.ID, last.ID}
	if got := held(t, js); !slices.Equal(got, want) {
		t.Errorf("messages after the purge: got %v, want %v", got, want)
	}

	anew := embedded(t) // knows no message, and so refuses none as a duplicate
	bus = within(t, anew, natsbus.Options{})
	_, js = client(t, anew.URL())
	tail, err := bus.Tail(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := outbox.Requeue(limited(t), domain.EventID{}, 0, tail); err != nil {
		t.Fatal(err)
	}
	drainInto(t, outbox, bus)
	if got := held(t, js); !slices.Equal(got, want) {
		t.Errorf("messages of the stream made anew: got %v, want %v without %s", got, want, first.ID)
	}
}

func outboxDB(t *testing.T) *sqlstore.DB {
	t.Helper()
	url := domain.NewSecret("sqlite:" + filepath.Join(t.TempDir(), "menjin.db"))
	if err := sqlstore.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: url, Cipher: memory.NewCipher(), Codec: cloudevent.New()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func nextStamp() domain.Stamp {
	return domain.Stamp{ID: domain.EventID{ID: newID()}, At: time.Now().UTC().Truncate(time.Microsecond)}
}

func register(t *testing.T, db *sqlstore.DB) (domain.UserID, domain.Event) {
	t.Helper()
	openID, err := domain.NewOpenID("o-" + newID().String())
	if err != nil {
		t.Fatal(err)
	}
	identity := domain.WeChatIdentity{AppID: "wx0123456789abcdef", OpenID: openID}
	user, event := domain.RegisterWithWeChat(domain.UserID{ID: newID()}, identity, nextStamp())
	err = db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Users().Add(ctx, user); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, event)
	})
	if err != nil {
		t.Fatal(err)
	}
	return user.ID(), event
}

// remove deletes the user, and returns the last event.
func remove(t *testing.T, db *sqlstore.DB, id domain.UserID) (last domain.Event) {
	t.Helper()
	err := db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, id)
		if err != nil {
			return err
		}
		events := user.Delete(nextStamp(), nextStamp())
		last = events[len(events)-1]
		if err := tx.Outbox().Append(ctx, events...); err != nil {
			return err
		}
		return tx.Users().Remove(ctx, id)
	})
	if err != nil {
		t.Fatal(err)
	}
	return last
}

// drainInto publishes all that waits.
func drainInto(t *testing.T, outbox *sqlstore.Outbox, bus *natsbus.Bus) {
	t.Helper()
	for {
		drained, err := outbox.Drain(limited(t), 100, bus.Publish)
		if err != nil {
			t.Fatal(err)
		}
		if drained.Events == 0 {
			return
		}
	}
}
