package domain

import "time"

// EventType names what happened, without a version: how it is written down is an adapter's affair.
type EventType string

// The events there are.
const (
	EventRegistered      EventType = "registered"
	EventSignedIn        EventType = "signed_in"
	EventProfileUpdated  EventType = "profile_updated"
	EventPasswordChanged EventType = "password_changed"
	EventWeChatLinked    EventType = "wechat_linked"
	EventWeChatUnlinked  EventType = "wechat_unlinked"
	EventMerged          EventType = "merged"
	EventRolesChanged    EventType = "roles_changed"
	EventLocked          EventType = "locked"
	EventUnlocked        EventType = "unlocked"
	EventSessionEnded    EventType = "session_ended"
	EventPhoneBound      EventType = "phone_bound"
	EventPhoneUnbound    EventType = "phone_unbound"
	EventDeleted         EventType = "deleted"

	EventWeChatPushed EventType = "wechat_pushed" // of a mini-program, and not of a user
)

// Stamp is the id and the instant of an event that is about to happen.
type Stamp struct {
	ID EventID
	At time.Time
}

// Event is something that happened to a user, or, with a zero UserID, that WeChat pushed. Its Version is the user's version after it: the events of one user are
// numbered from 1 without gaps, and subscribers see them in that order.
//
// No event carries a phone number, e-mail, openid, unionid, token or nickname.
type Event struct {
	ID      EventID
	Type    EventType
	UserID  UserID
	Version int64
	At      time.Time
	Facts   Facts
}

// Facts are what an event tells beyond whom it is about and when: one of the types below.
type Facts interface{ eventType() EventType }

// SignInMethod says how a person proved who they are.
type SignInMethod string

// The ways to sign in.
const (
	MethodWeChat   SignInMethod = "wechat"
	MethodPassword SignInMethod = "password"
)

// Registered tells that the user came to be.
type Registered struct {
	Method SignInMethod
	AppID  AppID // empty unless Method is MethodWeChat
}

// SignedIn tells that a known user opened a session.
type SignedIn struct {
	Method    SignInMethod
	AppID     AppID
	SessionID SessionID
}

// ProfileUpdated tells which fields of the profile changed: nickname, avatar_url, email. It never tells their values.
type ProfileUpdated struct{ Fields string } // separated by commas

// PasswordChanged tells that the user has another password, or a first one.
type PasswordChanged struct{}

// WeChatLinked tells that the user can sign in to a mini-program from now on.
type WeChatLinked struct{ AppID AppID }

// WeChatUnlinked tells that the user can sign in to a mini-program no more.
type WeChatUnlinked struct{ AppID AppID }

// Merged tells that two accounts of one person became one. Both users' events tell it: Absorbed's is its last.
type Merged struct{ Kept, Absorbed UserID }

// RolesChanged tells which roles the user has now.
type RolesChanged struct{ Roles string } // separated by commas

// Locked tells that the user may not sign in until unlocked. Every session opened before has ended.
type Locked struct{}

// Unlocked tells that the user may sign in again.
type Unlocked struct{}

// PhoneBound tells that the user has another telephone number, or a first one.
type PhoneBound struct{ Replaced bool }

// PhoneUnbound tells that the user has no telephone number any more.
type PhoneUnbound struct{}

// Deleted tells that the user is no more, and that whoever keeps something of theirs must let it go: also of what was the same
// person's under the ids of accounts merged into the user. It is the user's last event.
type Deleted struct{ Merged string } // the ids of those accounts, separated by commas

// WeChatPushed tells that WeChat pushed a message on which the service itself does nothing. Such an event has no user: it is
// the only one of its kind, with Version 1.
type WeChatPushed struct {
	AppID   AppID
	Name    string // WeChat's name of the event: lower-case letters, digits and "_", 64 at most
	UserID  UserID // whom it concerns; zero where it concerns nobody known
	Content string // the message as a JSON object, without what identifies people
}

// PushedByWeChat makes the event of a message that WeChat pushed.
func PushedByWeChat(pushed WeChatPushed, stamp Stamp) Event {
	return Event{ID: stamp.ID, Type: pushed.eventType(), Version: 1, At: stamp.At, Facts: pushed}
}

// EndReason says why sessions ended.
type EndReason string

// The reasons for which sessions end before their time.
const (
	EndedByLogout         EndReason = "logout"
	EndedByLogoutAll      EndReason = "logout_all"
	EndedByPasswordChange EndReason = "password_changed"
	EndedByLock           EndReason = "locked"
	EndedByMerge          EndReason = "merged"
	EndedByReuse          EndReason = "refresh_token_reused"
	EndedByLimit          EndReason = "session_limit"
	EndedByOwner          EndReason = "ended_by_owner" // from another session
	EndedByAdmin          EndReason = "ended_by_admin"
	EndedByDeletion       EndReason = "deleted"
)

// SessionEnded tells that a session, or every session opened on a version of the user before the event's but one, answers no
// more. Whoever
// verifies tokens offline refuses those that belong to it.
type SessionEnded struct {
	SessionID SessionID // zero: every session of the user
	Except    SessionID // of those, the one that goes on; zero: none
	Reason    EndReason
}

func (Registered) eventType() EventType      { return EventRegistered }
func (SignedIn) eventType() EventType        { return EventSignedIn }
func (ProfileUpdated) eventType() EventType  { return EventProfileUpdated }
func (PasswordChanged) eventType() EventType { return EventPasswordChanged }
func (WeChatLinked) eventType() EventType    { return EventWeChatLinked }
func (WeChatUnlinked) eventType() EventType  { return EventWeChatUnlinked }
func (Merged) eventType() EventType          { return EventMerged }
func (RolesChanged) eventType() EventType    { return EventRolesChanged }
func (Locked) eventType() EventType          { return EventLocked }
func (Unlocked) eventType() EventType        { return EventUnlocked }
func (SessionEnded) eventType() EventType    { return EventSessionEnded }
func (PhoneBound) eventType() EventType      { return EventPhoneBound }
func (PhoneUnbound) eventType() EventType    { return EventPhoneUnbound }
func (Deleted) eventType() EventType         { return EventDeleted }
func (WeChatPushed) eventType() EventType    { return EventWeChatPushed }

// EventTypes lists every type there is.
func EventTypes() []EventType {
	return []EventType{
		EventRegistered, EventSignedIn, EventProfileUpdated, EventPasswordChanged, EventWeChatLinked, EventWeChatUnlinked,
		EventMerged, EventRolesChanged, EventLocked, EventUnlocked, EventSessionEnded, EventPhoneBound, EventPhoneUnbound,
		EventDeleted, EventWeChatPushed,
	}
}
