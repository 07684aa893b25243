package sqlstore

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// storedUser is a user with the rows of its identities, which whoever changes it must know.
type storedUser struct {
	state      domain.UserState
	identities []storedIdentity
}

type storedIdentity struct {
	row domain.ID
	domain.WeChatIdentity
}

// readUsers makes users of rows of selectUser, in which those of one user follow each other. Its error may be notPlain.
func readUsers(cipher ports.Cipher, from rows) ([]storedUser, error) {
	var row userRow
	var users []storedUser
	for from.Next() {
		if err := row.scan(from); err != nil {
			return nil, err
		}
		if row.roles == nil {
			return nil, notPlain{domain.UserID{ID: domain.ID(row.id)}}
		}
		if last := len(users) - 1; last < 0 || users[last].state.ID.ID != domain.ID(row.id) {
			state, err := row.user(cipher)
			if err != nil {
				return nil, err
			}
			users = append(users, storedUser{state: state})
		}
		if row.openID == nil {
			continue
		}
		identity, err := row.weChat(cipher)
		if err != nil {
			return nil, err
		}
		user := &users[len(users)-1]
		user.identities = append(user.identities, storedIdentity{domain.ID(row.identity), identity})
	}
	return users, nil
}

// readUser makes the user of all the rows, domain.ErrUserNotFound of none. It may be notPlain.
func readUser(cipher ports.Cipher, from rows) (*domain.User, error) {
	users, err := readUsers(cipher, from)
	if err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, domain.ErrUserNotFound
	}
	return users[0].restore(), nil
}

// restore makes the user that the rows are of.
func (u *storedUser) restore() *domain.User {
	slices.SortFunc(u.identities, byLinking)
	state := u.state
	for _, identity := range u.identities {
		state.WeChat = append(state.WeChat, identity.WeChatIdentity)
	}
	return domain.RestoreUser(state)
}

// byLinking sorts identities from the first linked to the last; those of one instant as they were added.
func byLinking(a, b storedIdentity) int {
	return cmp.Or(a.LinkedAt.Compare(b.LinkedAt), bytes.Compare(a.row[:], b.row[:]))
}

func restoreAll(stored []storedUser) []*domain.User {
	users := make([]*domain.User, len(stored))
	for i := range stored {
		users[i] = stored[i].restore()
	}
	return users
}
