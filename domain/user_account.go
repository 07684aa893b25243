package domain

import (
	"cmp"
	"slices"
	"strings"
)

// Change is a field that may be left as it is, set, or cleared (set to its zero value).
type Change[T any] struct {
	Given bool
	Value T
}

// ProfileChange says what to change of a profile.
type ProfileChange struct {
	Nickname  Change[Nickname]
	AvatarURL Change[AvatarURL]
	Email     Change[Email]
}

// ChangeProfile returns no event when nothing is different afterwards.
func (u *User) ChangeProfile(change ProfileChange, stamp Stamp) []Event {
	var fields []string
	if change.Nickname.Given && change.Nickname.Value != u.state.Nickname {
		u.state.Nickname = change.Nickname.Value
		fields = append(fields, "nickname")
	}
	if change.AvatarURL.Given && change.AvatarURL.Value != u.state.AvatarURL {
		u.state.AvatarURL = change.AvatarURL.Value
		fields = append(fields, "avatar_url")
	}
	if change.Email.Given && !change.Email.Value.Equal(u.state.Email.Secret) {
		u.state.Email = change.Email.Value
		fields = append(fields, "email")
	}
	if fields == nil {
		return nil
	}
	return []Event{u.record(stamp, ProfileUpdated{Fields: strings.Join(fields, ",")})}
}

// SetPassword gives the user a password. A user without a username must get one with it, as nobody could sign in by the
// password otherwise; one who has a username keeps it.
func (u *User) SetPassword(hash PasswordHash, username Username, stamp Stamp) (Event, error) {
	u.state.Username = cmp.Or(u.state.Username, username)
	if u.state.Username == (Username{}) {
		return Event{}, Invalid(Violation{Field: "username", Rule: "required", Text: "is needed with the first password"})
	}
	u.state.PasswordHash = hash
	return u.record(stamp, PasswordChanged{}), nil
}

// Rehash keeps the same password under another hash. It is no change that anybody is told of.
func (u *User) Rehash(hash PasswordHash) { u.state.PasswordHash = hash }

// Lock keeps the user from signing in. It returns no event for one who is locked already.
func (u *User) Lock(stamp Stamp) []Event {
	if u.state.Status == StatusLocked {
		return nil
	}
	u.state.Status = StatusLocked
	return []Event{u.record(stamp, Locked{})}
}

// Unlock lets the user sign in again. It returns no event for one who is not locked.
func (u *User) Unlock(stamp Stamp) []Event {
	if u.state.Status == StatusActive {
		return nil
	}
	u.state.Status = StatusActive
	return []Event{u.record(stamp, Unlocked{})}
}

// SetRoles gives the user these roles and RoleUser. It returns no event when the user has just those already.
func (u *User) SetRoles(roles []Role, stamp Stamp) []Event {
	roles = append(slices.Clone(roles), RoleUser)
	slices.Sort(roles)
	roles = slices.Compact(roles)
	if slices.Equal(roles, u.state.Roles) {
		return nil
	}
	u.state.Roles = roles
	return []Event{u.record(stamp, RolesChanged{Roles: JoinRoles(roles)})}
}

// JoinRoles writes roles as one text.
func JoinRoles(roles []Role) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return strings.Join(names, ",")
}

// SplitRoles reads what JoinRoles wrote. It leaves out what is no role in this release.
func SplitRoles(text string) []Role {
	var roles []Role
	for name := range strings.SplitSeq(text, ",") {
		if role, err := ParseRole(name); err == nil {
			roles = append(roles, role)
		}
	}
	return roles
}
