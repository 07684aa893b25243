package redisstore

import (
	"encoding/hex"

	"github.com/menjin-id/menjin/domain"
)

const (
	livePrefix    = "session:{"
	refreshPrefix = "refresh:{"
	indexPrefix   = "sessions:{"
	limitPrefix   = "limit:{"
	attemptPrefix = "attempts:{"

	idLength = 36
)

// keyOf writes prefix, user and session into a key, with one allocation because each request does so.
func keyOf(prefix string, user domain.UserID, session domain.SessionID) string {
	var room [len(refreshPrefix) + idLength + len("}:") + idLength]byte
	key := append(room[:0], prefix...)
	key = appendID(key, user.ID)
	key = append(key, "}:"...)
	return string(appendID(key, session.ID))
}

// keysOf are those of one session, in the order that scripts take them.
func keysOf(user domain.UserID, session domain.SessionID) []string {
	return []string{keyOf(livePrefix, user, session), keyOf(refreshPrefix, user, session), indexOf(user)}
}

// prefixesOf are what the keys of all sessions of a user begin with, in the order that scripts take them.
func prefixesOf(user domain.UserID) []string {
	return []string{livePrefix + user.String() + "}:", refreshPrefix + user.String() + "}:", indexOf(user)}
}

func indexOf(user domain.UserID) string { return indexPrefix + user.String() + "}" }

// appendID is ID.String without an allocation.
func appendID(key []byte, id domain.ID) []byte {
	key = append(hex.AppendEncode(key, id[0:4]), '-')
	key = append(hex.AppendEncode(key, id[4:6]), '-')
	key = append(hex.AppendEncode(key, id[6:8]), '-')
	key = append(hex.AppendEncode(key, id[8:10]), '-')
	return hex.AppendEncode(key, id[10:16])
}
