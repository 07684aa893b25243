package cloudevent

import (
	"errors"
	"fmt"
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
	UserID    string    `json:"user_id"`
	SessionID *string   `json:"session_id"` // null: every session opened up to ended_at
	Reason    string    `json:"reason"`
	EndedAt   time.Time `json:"ended_at"`
}

// write returns the body of an event, and the type that belongs to its facts.
func write(event domain.Event) (domain.EventType, any, error) {
	user, at := event.UserID.String(), event.At.UTC()
	switch facts := event.Facts.(type) {
	case domain.Registered:
		if facts.Method == "" {
			return "", nil, errors.New("no sign-in method")
		}
		return domain.EventRegistered, registered{user, string(facts.Method), orNull(string(facts.AppID)), at}, nil
	case domain.SignedIn:
		if facts.Method == "" || facts.SessionID.IsZero() {
			return "", nil, errors.New("no sign-in method or session")
		}
		return domain.EventSignedIn,
			signedIn{user, string(facts.Method), orNull(string(facts.AppID)), facts.SessionID.String(), at}, nil
	case domain.SessionEnded:
		if facts.Reason == "" {
			return "", nil, errors.New("no reason for the end")
		}
		var session *string
		if !facts.SessionID.IsZero() {
			session = orNull(facts.SessionID.String())
		}
		return domain.EventSessionEnded, sessionEnded{user, session, string(facts.Reason), at}, nil
	default:
		return "", nil, fmt.Errorf("facts of type %T are unknown", event.Facts)
	}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
