package domain

import (
	"strings"
	"time"
)

// BindPhone gives the user a telephone number in place of any other. It returns no event for the one the user has already.
func (u *User) BindPhone(phone Phone, stamp Stamp) []Event {
	if phone.Equal(u.state.Phone.Secret) {
		return nil
	}
	replaced := !u.state.Phone.IsZero()
	u.state.Phone = phone
	return []Event{u.record(stamp, PhoneBound{Replaced: replaced})}
}

// UnbindPhone takes the telephone number away. It returns no event when there is none.
func (u *User) UnbindPhone(stamp Stamp) []Event {
	if u.state.Phone.IsZero() {
		return nil
	}
	u.state.Phone = Phone{}
	return []Event{u.record(stamp, PhoneUnbound{})}
}

// RequestDeletion lets the user be erased at an instant unless they sign in before. No session goes on. It puts off no deletion
// that was asked for before: WeChat may have told that the person cancelled there, which is due at once.
func (u *User) RequestDeletion(due time.Time, stamp Stamp) Event {
	if u.state.DeleteAt.IsZero() || due.Before(u.state.DeleteAt) {
		u.state.DeleteAt = due
	}
	return u.EndAllSessions(SessionID{}, EndedByDeletion, stamp)
}

// CancelDeletion keeps a user who asked to be deleted, and reports whether there was something to cancel. It is no change
// that anybody is told of: nobody was told of the request.
func (u *User) CancelDeletion() bool {
	asked := u.WaitsForDeletion()
	u.state.DeleteAt = time.Time{}
	return asked
}

// WaitsForDeletion reports whether the user asked to be deleted, now or later.
func (u *User) WaitsForDeletion() bool { return !u.state.DeleteAt.IsZero() }

// DeletionDue reports whether the user asked to be deleted and now is the time.
func (u *User) DeletionDue(now time.Time) bool {
	return u.WaitsForDeletion() && !now.Before(u.state.DeleteAt)
}

// Delete ends the user, who is to be removed with the events it returns: the end of the sessions, and the last one. That one
// also tells which accounts were merged into the user.
func (u *User) Delete(ended, deleted Stamp, merged ...UserID) []Event {
	ids := make([]string, len(merged))
	for i, id := range merged {
		ids[i] = id.String()
	}
	return []Event{
		u.EndAllSessions(SessionID{}, EndedByDeletion, ended),
		u.record(deleted, Deleted{Merged: strings.Join(ids, ",")}),
	}
}
