package sqlstore

import (
	"fmt"
	"strings"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// misled is the error of a look-up whose index leads to a row that holds another value. An index is bound to no row: whoever
// can write to the database can give one person's to another, who would then be taken for them. It is never "not found",
// upon which somebody known would be registered once more.
type misled struct {
	table, column string
	rows          []domain.ID // one of them
}

func (e misled) Error() string {
	var rows []string
	for _, row := range e.rows {
		rows = append(rows, row.String())
	}
	return fmt.Sprintf("the index of %s.%s leads to row %s, which holds another value: the table was changed from outside",
		e.table, e.column, strings.Join(rows, " or "))
}

// readKnownAs makes the user of the one row that the index of an openid leads to. It may be notPlain.
func readKnownAs(cipher ports.Cipher, from rows, openID domain.OpenID) (*domain.User, error) {
	if !from.Next() {
		return nil, domain.ErrUserNotFound
	}
	var row userRow
	if err := row.scan(from); err != nil {
		return nil, err
	}
	identity, err := row.weChat(cipher)
	if err != nil {
		return nil, err
	}
	if !identity.OpenID.Equal(openID.Secret) {
		return nil, misled{"identities", "openid", []domain.ID{domain.ID(row.identity)}}
	}
	if row.roles == nil {
		return nil, notPlain{domain.UserID{ID: domain.ID(row.id)}}
	}
	state, err := row.user(cipher)
	if err != nil {
		return nil, err
	}
	state.WeChat = []domain.WeChatIdentity{identity}
	return domain.RestoreUser(state), nil
}

// mustHaveUnionID allows for identities that the index did not lead to: they came with the one that it did.
func (u *storedUser) mustHaveUnionID(unionID domain.UnionID) error {
	var rows []domain.ID
	for _, identity := range u.identities {
		if identity.UnionID.Equal(unionID.Secret) {
			return nil
		}
		rows = append(rows, identity.row)
	}
	return misled{"identities", "unionid", rows}
}

func (u *storedUser) mustHaveEmail(email domain.Email) error {
	if !foldedEmail(u.state.Email).Equal(foldedEmail(email)) {
		return misled{"users", "email", []domain.ID{u.state.ID.ID}}
	}
	return nil
}

// mustPass compares what a page was searched for by an index.
func (u *storedUser) mustPass(filter ports.UserFilter) error {
	if !filter.Email.IsZero() {
		if err := u.mustHaveEmail(filter.Email); err != nil {
			return err
		}
	}
	if !filter.Phone.IsZero() && !u.state.Phone.Equal(filter.Phone.Secret) {
		return misled{"users", "phone", []domain.ID{u.state.ID.ID}}
	}
	return nil
}
