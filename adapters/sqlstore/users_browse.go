package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var _ ports.UserBrowser = (*Users)(nil)

// Browse is ports.UserBrowser's. What a page by a prefix costs grows with the number of names that begin so, as they lie in
// the order of names; that of any other page does not grow.
func (s *Users) Browse(
	ctx context.Context, filter ports.UserFilter, after domain.UserID, limit int,
) ([]*domain.User, error) {
	if !utf8.ValidString(filter.UsernamePrefix) || strings.ContainsRune(filter.UsernamePrefix, 0) {
		return nil, nil // no name begins so, and PostgreSQL would refuse to look
	}
	statement, args, err := s.db.browsing(filter, after, limit)
	if err != nil {
		return nil, fmt.Errorf("browse users: %w", err)
	}
	users, err := s.db.findUsers(ctx, func(user *storedUser) error { return user.mustPass(filter) }, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("browse users: %w", err)
	}
	return users, nil
}

// browsing is the statement of a page: its ids first, so that the limit counts users and not their identities.
func (db *DB) browsing(filter ports.UserFilter, after domain.UserID, limit int) (statement string, args []any, err error) {
	id, from := "u.id", "users u"
	if filter.Role != "" {
		id, from = "r.user_id", "user_roles r JOIN users u ON u.id = r.user_id"
	}
	var asked conditions
	asked.add(id+" >", db.id(after.ID))
	if filter.Role != "" {
		asked.add("r.role =", string(filter.Role))
	}
	if prefix := fold(filter.UsernamePrefix); prefix != "" {
		least, below := " >=", " <"
		if db.isPostgres() {
			least, below = " ~>=~", " ~<~" // by bytes, whatever the database's language
		}
		asked.add("u.username_folded"+least, prefix)
		asked.add("u.username_folded"+below, prefix+string(utf8.MaxRune)) // which no name holds
	}
	if !filter.Email.IsZero() {
		index, err := emailIndex(db.cipher, filter.Email)
		if err != nil {
			return "", nil, err
		}
		asked.add(index.lookup("u.email_index =", "u.email_index_next ="))
	}
	if !filter.Phone.IsZero() {
		index, err := indexes(db.cipher, "users", "phone", filter.Phone.Secret)
		if err != nil {
			return "", nil, err
		}
		asked.add(index.lookup("u.phone_index =", "u.phone_index_next ="))
	}
	page := "SELECT " + id + " AS id FROM " + from + asked.where() + " ORDER BY " + id + " LIMIT " + asked.arg(limit)
	return "WITH page AS (" + page + ") " + selectUser + allRoles + `
FROM page JOIN users u ON u.id = page.id LEFT JOIN identities i ON i.user_id = u.id
ORDER BY u.id`, asked.args, nil
}
