package sqlstore

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	userByUsername = selectUser + allRoles + `
FROM users u LEFT JOIN identities i ON i.user_id = u.id
WHERE u.username_folded = $1`

	userByEmail = selectUser + allRoles + `
FROM users u LEFT JOIN identities i ON i.user_id = u.id
WHERE u.email_index = $1`

	usersByUnionID = selectUser + allRoles + `
FROM users u JOIN identities i ON i.user_id = u.id
WHERE u.id IN (SELECT found.user_id FROM identities found WHERE found.unionid_index = $1)
ORDER BY u.created_at, u.id`
)

var _ ports.UserFinder = (*Users)(nil)

// ByUsername is ports.UserFinder's.
func (s *Users) ByUsername(ctx context.Context, name domain.Username) (*domain.User, error) {
	user, err := s.db.findUser(ctx, userByUsername, fold(name.String()))
	if err != nil {
		return nil, fmt.Errorf("find user by name: %w", err)
	}
	return user, nil
}

// ByEmail is ports.UserFinder's.
func (s *Users) ByEmail(ctx context.Context, email domain.Email) (*domain.User, error) {
	digest, err := emailIndex(s.db.cipher, email)
	if err != nil {
		return nil, fmt.Errorf("find user by e-mail: %w", err)
	}
	user, err := s.db.findUser(ctx, userByEmail, digest)
	if err != nil {
		return nil, fmt.Errorf("find user by e-mail: %w", err)
	}
	return user, nil
}

// ByUnionID is ports.UserFinder's.
func (s *Users) ByUnionID(ctx context.Context, unionID domain.UnionID) ([]*domain.User, error) {
	digest, err := index(s.db.cipher, "identities", "unionid", unionID.Secret)
	if err != nil {
		return nil, fmt.Errorf("find users by unionid: %w", err)
	}
	users, err := s.db.findUsers(ctx, usersByUnionID, digest)
	if err != nil {
		return nil, fmt.Errorf("find users by unionid: %w", err)
	}
	return users, nil
}

func (db *DB) findUsers(ctx context.Context, statement string, args ...any) (users []*domain.User, err error) {
	err = db.query(ctx, func(found rows) error {
		stored, err := readUsers(db.cipher, found)
		users = restoreAll(stored)
		return err
	}, statement, args...)
	return users, err
}

// emailIndex is the digest of an address, the same in either case.
func emailIndex(cipher ports.Cipher, email domain.Email) (any, error) {
	return index(cipher, "users", "email", domain.NewSecret(fold(email.Reveal())))
}
