package menjin

import (
	"encoding/json"
	"time"
)

const userTypes = "menjin.user."

// The types of events that this release of the kit knows. What WeChat pushed has types of its own, see [WeChatPushed].
const (
	TypeRegistered      = userTypes + "registered.v1"
	TypeSignedIn        = userTypes + "signed_in.v1"
	TypeProfileUpdated  = userTypes + "profile_updated.v1"
	TypePasswordChanged = userTypes + "password_changed.v1"
	TypePhoneBound      = userTypes + "phone_bound.v1"
	TypePhoneUnbound    = userTypes + "phone_unbound.v1"
	TypeWeChatLinked    = userTypes + "wechat_linked.v1"
	TypeWeChatUnlinked  = userTypes + "wechat_unlinked.v1"
	TypeMerged          = userTypes + "merged.v1"
	TypeRolesChanged    = userTypes + "roles_changed.v1"
	TypeLocked          = userTypes + "locked.v1"
	TypeUnlocked        = userTypes + "unlocked.v1"
	TypeSessionEnded    = userTypes + "session_ended.v1"
	TypeDeleted         = userTypes + "deleted.v1"
)

// Registered tells that a user came to be.
type Registered struct {
	UserID       string    `json:"user_id"`
	Method       string    `json:"method"` // wechat or password; more may come
	AppID        *string   `json:"app_id"` // the mini-program, where there was one
	RegisteredAt time.Time `json:"registered_at"`
}

// SignedIn tells that a known user opened a session. The service publishes it only where events.signed_in is on.
type SignedIn struct {
	UserID     string    `json:"user_id"`
	Method     string    `json:"method"`
	AppID      *string   `json:"app_id"`
	SessionID  string    `json:"session_id"`
	SignedInAt time.Time `json:"signed_in_at"`
}

// ProfileUpdated tells which fields of the profile changed, never to what.
type ProfileUpdated struct {
	UserID    string    `json:"user_id"`
	Fields    []string  `json:"fields"` // nickname, avatar_url, email; more may come
	UpdatedAt time.Time `json:"updated_at"`
}

// PasswordChanged tells that the user has another password, or a first one.
type PasswordChanged struct {
	UserID    string    `json:"user_id"`
	ChangedAt time.Time `json:"changed_at"`
}

// PhoneBound tells that the user has a phone number.
type PhoneBound struct {
	UserID   string    `json:"user_id"`
	Replaced bool      `json:"replaced"` // there was another number before
	BoundAt  time.Time `json:"bound_at"`
}

// PhoneUnbound tells that the user has a phone number no more.
type PhoneUnbound struct {
	UserID    string    `json:"user_id"`
	UnboundAt time.Time `json:"unbound_at"`
}

// WeChatLinked tells that the user can sign in to a mini-program from now on.
type WeChatLinked struct {
	UserID   string    `json:"user_id"`
	AppID    string    `json:"app_id"`
	LinkedAt time.Time `json:"linked_at"`
}

// WeChatUnlinked tells that the user can sign in to a mini-program no more.
type WeChatUnlinked struct {
	UserID     string    `json:"user_id"`
	AppID      string    `json:"app_id"`
	UnlinkedAt time.Time `json:"unlinked_at"`
}

// Merged tells that two accounts of one person became one. It is told of both: Event.UserID is one or the other, and the
// data is the same. Whatever you keep under MergedUserID belongs to UserID from now on.
type Merged struct {
	UserID       string    `json:"user_id"` // who is kept
	MergedUserID string    `json:"merged_user_id"`
	MergedAt     time.Time `json:"merged_at"`
}

// RolesChanged tells which roles the user has now.
type RolesChanged struct {
	UserID    string    `json:"user_id"`
	Roles     []string  `json:"roles"`
	ChangedAt time.Time `json:"changed_at"`
}

// Locked tells that the user may not sign in, and that every session has ended.
type Locked struct {
	UserID   string    `json:"user_id"`
	LockedAt time.Time `json:"locked_at"`
}

// Unlocked tells that the user may sign in again.
type Unlocked struct {
	UserID     string    `json:"user_id"`
	UnlockedAt time.Time `json:"unlocked_at"`
}

// SessionEnded tells that one session, or every session opened before this event, answers no more.
type SessionEnded struct {
	UserID          string    `json:"user_id"`
	SessionID       *string   `json:"session_id"`        // nil: every session opened before
	ExceptSessionID *string   `json:"except_session_id"` // of those, the one that goes on; nil: none
	Reason          string    `json:"reason"`            // logout, locked, password_changed …; more may come
	EndedAt         time.Time `json:"ended_at"`
}

// Deleted tells that the user is gone for good. Erase what you keep, also under MergedUserIDs: accounts of the same person that
// were merged into this one.
type Deleted struct {
	UserID        string    `json:"user_id"`
	MergedUserIDs []string  `json:"merged_user_ids"` // often empty
	DeletedAt     time.Time `json:"deleted_at"`
}

// WeChatPushed is a message that WeChat pushed to a mini-program and on which the service does nothing itself. Its type is
// menjin.wechat.<event>.v1.
type WeChatPushed struct {
	AppID      string          `json:"app_id"`
	Event      string          `json:"event"`   // WeChat's name for it, in lower case
	UserID     *string         `json:"user_id"` // nil: it concerns nobody known
	ReceivedAt time.Time       `json:"received_at"`
	Message    json.RawMessage `json:"message"` // as WeChat wrote it, without what identifies people
}
