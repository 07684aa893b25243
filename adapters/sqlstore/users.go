package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Users finds users, each in one round trip, or two for those who have roles or several identities.
type Users struct{ db *DB }

var _ ports.UserReader = (*Users)(nil)

// NewUsers reads the users of db.
func NewUsers(db *DB) *Users { return &Users{db} }

// ByID is ports.UserReader's.
func (s *Users) ByID(ctx context.Context, id domain.UserID) (*domain.User, error) {
	user, err := s.db.findUser(ctx, userByID, s.db.id(id.ID))
	if err != nil {
		return nil, fmt.Errorf("find user by id: %w", err)
	}
	return user, nil
}

// ByWeChat is ports.UserReader's.
func (s *Users) ByWeChat(ctx context.Context, app domain.AppID, openID domain.OpenID) (*domain.User, error) {
	index, err := indexes(s.db.cipher, "identities", "openid", openID.Secret)
	if err != nil {
		return nil, fmt.Errorf("find user by openid: %w", err)
	}
	statement, digest := index.lookup(userByWeChat, userByWeChatNext)
	user, err := s.db.findOne(ctx, func(cipher ports.Cipher, found rows) (*domain.User, error) {
		return readKnownAs(cipher, found, openID)
	}, statement, string(app), digest)
	if err != nil {
		return nil, fmt.Errorf("find user by openid: %w", err)
	}
	return user, nil
}

func (db *DB) findUser(ctx context.Context, statement string, args ...any) (*domain.User, error) {
	return db.findOne(ctx, readUser, statement, args...)
}

// findOne reads a user who is not plain a second time, whole.
func (db *DB) findOne(
	ctx context.Context, read func(ports.Cipher, rows) (*domain.User, error), statement string, args ...any,
) (user *domain.User, err error) {
	err = db.query(ctx, func(found rows) (err error) {
		user, err = read(db.cipher, found)
		return err
	}, statement, args...)
	if more, ok := errors.AsType[notPlain](err); ok {
		return db.findUser(ctx, wholeUser, db.id(more.user.ID))
	}
	if err != nil {
		return nil, err
	}
	return user, nil
}
