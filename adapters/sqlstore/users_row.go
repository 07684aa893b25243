package sqlstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// rows is what the results of pgx and of database/sql have in common. Whoever hands them out asks for their error, which
// goes before whatever the reader made of too few of them.
type rows interface {
	Next() bool
	Scan(into ...any) error
}

var errColumn = errors.New("a column holds what the schema does not allow")

// idColumn scans a UUID from either database; null is the zero id.
type idColumn domain.ID

// ScanUUID is for pgx.
func (u *idColumn) ScanUUID(value pgtype.UUID) error {
	*u = value.Bytes
	return nil
}

// Scan is for SQLite.
func (u *idColumn) Scan(value any) error {
	raw, ok := value.([]byte)
	if value != nil && (!ok || len(raw) != len(u)) {
		return errColumn
	}
	*u = idColumn{}
	copy(u[:], raw)
	return nil
}

// timeColumn scans a time from either database; null is the zero time.
type timeColumn time.Time

// ScanTimestamptz is for pgx.
func (i *timeColumn) ScanTimestamptz(value pgtype.Timestamptz) error {
	*i = timeColumn(value.Time.UTC())
	return nil
}

// Scan is for SQLite.
func (i *timeColumn) Scan(value any) error {
	micros, ok := value.(int64)
	switch {
	case ok:
		*i = timeColumn(time.UnixMicro(micros).UTC())
	case value == nil:
		*i = timeColumn{}
	default:
		return errColumn
	}
	return nil
}

// userRow is a row of selectUser.
type userRow struct {
	id                         idColumn
	username, nickname, avatar string
	email, phone               []byte
	status                     int16
	version                    int64
	deletion                   timeColumn
	created, updated           timeColumn
	identity                   idColumn
	app                        string
	openID, unionID            []byte
	linked                     timeColumn
	password                   string
	roles                      *string
}

func (r *userRow) scan(from rows) error {
	return from.Scan(&r.id, &r.username, &r.email, &r.phone, &r.nickname, &r.avatar, &r.status, &r.deletion, &r.version,
		&r.created, &r.updated, &r.identity, &r.app, &r.openID, &r.unionID, &r.linked, &r.password, &r.roles)
}

// notPlain says that a user has to be read whole.
type notPlain struct{ user domain.UserID }

func (notPlain) Error() string { return "the user has more rows than were read" }

// user restores everything but the identities.
func (r *userRow) user(cipher ports.Cipher) (state domain.UserState, err error) {
	state = domain.UserState{
		ID: domain.UserID{ID: domain.ID(r.id)}, Status: domain.Status(r.status), Roles: roles(*r.roles),
		DeleteAt: time.Time(r.deletion), Version: r.version, CreatedAt: time.Time(r.created), UpdatedAt: time.Time(r.updated),
		PasswordHash: domain.PasswordHash{Secret: domain.NewSecret(r.password)},
	}
	if r.username != "" {
		state.Username, err = domain.NewUsername(r.username)
	}
	if r.nickname != "" && err == nil {
		state.Nickname, err = domain.NewNickname(r.nickname)
	}
	if r.avatar != "" && err == nil {
		state.AvatarURL, err = domain.NewAvatarURL(r.avatar)
	}
	if err != nil {
		return state, fmt.Errorf("restore user %s: %w", state.ID, errColumn)
	}
	if state.Email.Secret, err = open(cipher, "users", "email", state.ID.ID, r.email); err != nil {
		return state, err
	}
	state.Phone.Secret, err = open(cipher, "users", "phone", state.ID.ID, r.phone)
	return state, err
}

func (r *userRow) weChat(cipher ports.Cipher) (domain.WeChatIdentity, error) {
	identity := domain.WeChatIdentity{AppID: domain.AppID(r.app), LinkedAt: time.Time(r.linked)}
	row, owner := domain.ID(r.identity), domain.UserID{ID: domain.ID(r.id)}
	var err error
	if identity.OpenID.Secret, _, err = openField(cipher, identityField("openid", row, owner), r.openID); err != nil {
		return identity, err
	}
	identity.UnionID.Secret, _, err = openField(cipher, identityField("unionid", row, owner), r.unionID)
	return identity, err
}

// roles adds the one that everybody has, and sorts.
func roles(list string) []domain.Role {
	all := []domain.Role{domain.RoleUser}
	for name := range strings.SplitSeq(list, ",") {
		if role := domain.Role(name); role != "" && role != domain.RoleUser {
			all = append(all, role)
		}
	}
	slices.Sort(all)
	return all
}
