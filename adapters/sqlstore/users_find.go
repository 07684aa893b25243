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

	userByEmailNext = selectUser + allRoles + `
FROM users u LEFT JOIN identities i ON i.user_id = u.id
WHERE u.email_index_next = $1`

	usersByUnionID = selectUser + allRoles + `
FROM users u JOIN identities i ON i.user_id = u.id
WHERE u.id IN (SELECT found.user_id FROM identities found WHERE found.unionid_index = $1)
ORDER BY u.created_at, u.id`

	usersByUnionIDNext = selectUser + allRoles + `
FROM users u JOIN identities i ON i.user_id = u.id
WHERE u.id IN (SELECT found.user_id FROM identities found WHERE found.unionid_index_next = $1)
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
	index, err := emailIndex(s.db.cipher, email)
	if err != nil {
		return nil, fmt.Errorf("find user by e-mail: %w", err)
	}
	statement, digest := index.lookup(userByEmail, userByEmailNext)
	users, err := s.db.findUsers(ctx, func(user *storedUser) error { return user.mustHaveEmail(email) }, statement, digest)
	if err == nil && len(users) == 0 {
		err = domain.ErrUserNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("find user by e-mail: %w", err)
	}
	return users[0], nil
}

// ByUnionID is ports.UserFinder's.
func (s *Users) ByUnionID(ctx context.Context, unionID domain.UnionID) ([]*domain.User, error) {
	index, err := indexes(s.db.cipher, "identities", "unionid", unionID.Secret)
	if err != nil {
		return nil, fmt.Errorf("find users by unionid: %w", err)
	}
	statement, digest := index.lookup(usersByUnionID, usersByUnionIDNext)
	users, err := s.db.findUsers(ctx, func(user *storedUser) error { return user.mustHaveUnionID(unionID) }, statement, digest)
	if err != nil {
		return nil, fmt.Errorf("find users by unionid: %w", err)
	}
	return users, nil
}

// findUsers asks of each user whether it is one that was looked for.
func (db *DB) findUsers(
	ctx context.Context, check func(*storedUser) error, statement string, args ...any,
) (users []*domain.User, err error) {
	err = db.query(ctx, func(found rows) error {
		stored, err := readUsers(db.cipher, found)
		if err != nil {
			return err
		}
		for i := range stored {
			if err := check(&stored[i]); err != nil {
				return err
			}
		}
		users = restoreAll(stored)
		return nil
	}, statement, args...)
	return users, err
}

// emailIndex are the digests of an address, the same in either case.
func emailIndex(cipher ports.Cipher, email domain.Email) (indexColumns, error) {
	return indexes(cipher, "users", "email", foldedEmail(email))
}

func foldedEmail(email domain.Email) domain.Secret { return domain.NewSecret(fold(email.Reveal())) }
