package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func newID() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) }

func stampNow() domain.Stamp {
	return domain.Stamp{ID: domain.EventID{ID: newID()}, At: time.Now().UTC().Truncate(time.Microsecond)}
}

// newUser makes a user with an identity that nobody has, and its first event.
func newUser(tb testing.TB) (*domain.User, domain.Event) {
	tb.Helper()
	return newUserKnownAs(tb, "")
}

// newUserKnownAs is newUser for an identity with a unionid.
func newUserKnownAs(tb testing.TB, unionID string) (*domain.User, domain.Event) {
	tb.Helper()
	identity := domain.WeChatIdentity{AppID: "wx0123456789abcdef"}
	var err error
	if identity.OpenID, err = domain.NewOpenID("o-" + newID().String()); err == nil {
		identity.UnionID, err = domain.NewUnionID(unionID)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return domain.RegisterWithWeChat(domain.UserID{ID: newID()}, identity, stampNow())
}

func add(ctx context.Context, db *DB, user *domain.User, events ...domain.Event) error {
	return db.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Users().Add(ctx, user); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, events...)
	})
}

func register(tb testing.TB, db *DB) *domain.User {
	tb.Helper()
	user, event := newUser(tb)
	if err := add(tb.Context(), db, user, event); err != nil {
		tb.Fatal(err)
	}
	return user
}

// changeUser ends every session of the user, as a change that reads before it writes.
func changeUser(ctx context.Context, db *DB, id domain.UserID) error {
	stamp := stampNow()
	return db.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, id)
		if err != nil {
			return err
		}
		event := user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stamp)
		if err := tx.Users().Save(ctx, user); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, event)
	})
}
