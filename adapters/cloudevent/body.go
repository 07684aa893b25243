package cloudevent

import (
	"errors"
	"time"

	"github.com/menjin-id/menjin/domain"
)

type registered struct {
	UserID       string    `json:"user_id"`
	Method       string    `json:"method"`
	AppID        *string   `json:"app_id"` // null for a way to sign in that has none
	RegisteredAt time.Time `json:"registered_at"`
}

type signedIn struct {
	UserID     string    `json:"user_id"`
	Method     string    `json:"method"`
	AppID      *string   `json:"app_id"`
	SessionID  string    `json:"session_id"`
	SignedInAt time.Time `json:"signed_in_at"`
}

type sessionEnded struct {
	UserID          string    `json:"user_id"`
	SessionID       *string   `json:"session_id"`        // null: every session opened up to ended_at
	ExceptSessionID *string   `json:"except_session_id"` // of those, the one that goes on
	Reason          string    `json:"reason"`
	EndedAt         time.Time `json:"ended_at"`
}

// write returns the body of an event, and the type that belongs to its facts.
func write(event domain.Event) (domain.EventType, any, error) {
	switch facts := event.Facts.(type) {
	case domain.Registered:
		return writeRegistered(event, facts)
	case domain.SignedIn:
		return writeSignedIn(event, facts)
	case domain.SessionEnded:
		return writeSessionEnded(event, facts)
	default:
		return writeAccount(event)
	}
}

func writeRegistered(event domain.Event, facts domain.Registered) (domain.EventType, any, error) {
	if facts.Method == "" {
		return "", nil, errors.New("no sign-in method")
	}
	user, at := about(event)
	return domain.EventRegistered, registered{user, string(facts.Method), orNull(string(facts.AppID)), at}, nil
}

func writeSignedIn(event domain.Event, facts domain.SignedIn) (domain.EventType, any, error) {
	if facts.Method == "" || facts.SessionID.IsZero() {
		return "", nil, errors.New("no sign-in method or session")
	}
	user, at := about(event)
	return domain.EventSignedIn,
		signedIn{user, string(facts.Method), orNull(string(facts.AppID)), facts.SessionID.String(), at}, nil
}

func writeSessionEnded(event domain.Event, facts domain.SessionEnded) (domain.EventType, any, error) {
	switch {
	case facts.Reason == "":
		return "", nil, errors.New("no reason for the end")
	case !facts.SessionID.IsZero() && !facts.Except.IsZero():
		return "", nil, errors.New("one session ended, and yet another is excepted")
	}
	user, at := about(event)
	return domain.EventSessionEnded,
		sessionEnded{user, sessionOrNull(facts.SessionID), sessionOrNull(facts.Except), string(facts.Reason), at}, nil
}

// about returns what every body tells: whom and when.
func about(event domain.Event) (user string, at time.Time) {
	return event.UserID.String(), event.At.UTC()
}

func sessionOrNull(id domain.SessionID) *string {
	if id.IsZero() {
		return nil
	}
	return orNull(id.String())
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
