package domain

import (
	"slices"
	"time"
)

// Status says whether a user may sign in.
type Status int8

// The two states of an account.
const (
	StatusLocked Status = 0
	StatusActive Status = 1
)

// User is a person with an account. Each change makes one event and raises the version by one, so that the events of a
// user can be put in order by anybody. The methods that change a user are in the file of their subject.
type User struct {
	state UserState
}

// UserState is everything a user store keeps of a user.
type UserState struct {
	ID           UserID
	Username     Username
	PasswordHash PasswordHash
	Email        Email
	Phone        Phone
	Nickname     Nickname
	AvatarURL    AvatarURL
	Status       Status
	Roles        []Role           // sorted, RoleUser among them
	WeChat       []WeChatIdentity // by time of linking
	DeleteAt     time.Time        // when the user is to be erased, as they asked; zero: not at all
	Version      int64            // of the last event; also guards against lost updates
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// RegisterWithWeChat makes the user of an identity that nobody has yet.
func RegisterWithWeChat(id UserID, identity WeChatIdentity, stamp Stamp) (*User, Event) {
	identity.LinkedAt = stamp.At
	user := newUser(id, stamp)
	user.state.WeChat = []WeChatIdentity{identity}
	return user, user.record(stamp, Registered{Method: MethodWeChat, AppID: identity.AppID})
}

// RegisterWithPassword makes a user who signs in by username, or by e-mail where one is given, and password.
func RegisterWithPassword(id UserID, username Username, email Email, hash PasswordHash, stamp Stamp) (*User, Event) {
	user := newUser(id, stamp)
	user.state.Username, user.state.Email, user.state.PasswordHash = username, email, hash
	return user, user.record(stamp, Registered{Method: MethodPassword})
}

func newUser(id UserID, stamp Stamp) *User {
	return &User{UserState{ID: id, Status: StatusActive, Roles: []Role{RoleUser}, CreatedAt: stamp.At}}
}

// RestoreUser rebuilds a user that a store kept. The slices become the user's own.
func RestoreUser(state UserState) *User { return &User{state} }

// State returns what a store keeps. The slices are the caller's own.
func (u *User) State() UserState {
	state := u.state
	state.Roles = slices.Clone(state.Roles)
	state.WeChat = slices.Clone(state.WeChat)
	return state
}

// ID returns the user's id.
func (u *User) ID() UserID { return u.state.ID }

// Roles returns the user's roles. The slice is the caller's own.
func (u *User) Roles() []Role { return slices.Clone(u.state.Roles) }

// CheckSignIn reports ErrAccountLocked when the user may not sign in.
func (u *User) CheckSignIn() error {
	if u.state.Status == StatusLocked {
		return ErrAccountLocked
	}
	return nil
}

// SignIn records that the user opened a session.
func (u *User) SignIn(session *Session, method SignInMethod, stamp Stamp) Event {
	opened := session.State()
	return u.record(stamp, SignedIn{Method: method, AppID: opened.AppID, SessionID: opened.ID})
}

// EndSession records that one session answers no more.
func (u *User) EndSession(id SessionID, reason EndReason, stamp Stamp) Event {
	return u.record(stamp, SessionEnded{SessionID: id, Reason: reason})
}

// EndAllSessions records that no session opened on an earlier version of the user answers any more, except one, if any.
func (u *User) EndAllSessions(except SessionID, reason EndReason, stamp Stamp) Event {
	return u.record(stamp, SessionEnded{Except: except, Reason: reason})
}

func (u *User) record(stamp Stamp, facts Facts) Event {
	u.state.Version++
	u.state.UpdatedAt = stamp.At
	return Event{
		ID: stamp.ID, Type: facts.eventType(), UserID: u.state.ID, Version: u.state.Version, At: stamp.At, Facts: facts,
	}
}
