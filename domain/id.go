package domain

import (
	"encoding/hex"
	"errors"
)

// ID is a UUID (RFC 9562). Menjin makes version 7, whose order is the order of creation; any version is read.
type ID [16]byte

var errMalformedID = errors.New("malformed UUID")

// ParseID reads the hyphenated form of 36 characters, in either case.
func ParseID(text string) (ID, error) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return ID{}, errMalformedID
	}
	digits := text[0:8] + text[9:13] + text[14:18] + text[19:23] + text[24:36]
	var id ID
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID{}, errMalformedID
	}
	return id, nil
}

// String returns the hyphenated lower-case form.
func (id ID) String() string {
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// IsZero reports whether the id was never set.
func (id ID) IsZero() bool { return id == ID{} }

// UserID names a user for as long as the account lives, through merges too.
type UserID struct{ ID }

// SessionID names a session. It is no secret: a token proves the session, not its id.
type SessionID struct{ ID }

// EventID names an event; subscribers deduplicate by it.
type EventID struct{ ID }

// ParseUserID is ParseID for a user's id.
func ParseUserID(text string) (UserID, error) {
	id, err := ParseID(text)
	return UserID{id}, err
}

// ParseSessionID is ParseID for a session's id.
func ParseSessionID(text string) (SessionID, error) {
	id, err := ParseID(text)
	return SessionID{id}, err
}

// ParseEventID is ParseID for an event's id.
func ParseEventID(text string) (EventID, error) {
	id, err := ParseID(text)
	return EventID{id}, err
}
