package domain

import "time"

// EventType names what happened, without a version: how it is written down is an adapter's affair.
type EventType string

// The events of a user.
const (
	EventRegistered   EventType = "registered"
	EventSignedIn     EventType = "signed_in"
	EventSessionEnded EventType = "session_ended"
)

// Stamp is the id and the instant of an event that is about to happen.
type Stamp struct {
	ID EventID
	At time.Time
}

// Event is something that happened to a user. Its Version is the user's version after it: the events of one user are
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
const MethodWeChat SignInMethod = "wechat"

// Registered tells that the user came to be.
type Registered struct {
	Method SignInMethod
	AppID  AppID
}

// SignedIn tells that a known user opened a session.
type SignedIn struct {
	Method    SignInMethod
	AppID     AppID
	SessionID SessionID
}

// EndReason says why sessions ended.
type EndReason string

// The reasons for which sessions end before their time.
const (
	EndedByLogout    EndReason = "logout"
	EndedByLogoutAll EndReason = "logout_all"
)

// SessionEnded tells that a session, or every session opened up to the event's instant, answers no more. Whoever verifies
// tokens offline refuses those that belong to it.
type SessionEnded struct {
	SessionID SessionID // zero: every session of the user
	Reason    EndReason
}

func (Registered) eventType() EventType   { return EventRegistered }
func (SignedIn) eventType() EventType     { return EventSignedIn }
func (SessionEnded) eventType() EventType { return EventSessionEnded }

// EventTypes lists every type there is.
func EventTypes() []EventType {
	return []EventType{EventRegistered, EventSignedIn, EventSessionEnded}
}
