package redisstore

import (
	"encoding/hex"

	"github.com/menjin-id/menjin/domain"
)

const (
	livePrefix    = "session:{"
	refreshPrefix = "refresh:{"
	indexPrefix   = "sessions:{"
	fencePrefix   = "fence:{"
	limitPrefix   = "limit:{"
	attemptPrefix = "attempts:{"
	tokenPrefix   = "token:{"
	lockPrefix    = "tokenlock:{"

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
	return []string{
		keyOf(livePrefix, user, session), keyOf(refreshPrefix, user, session), userKey(indexPrefix, user), userKey(fencePrefix, user),
	}
}

// prefixesOf are what the keys of all sessions of a user begin with, in the order that scripts take them.
func prefixesOf(user domain.UserID) []string {
	return []string{
		userKey(livePrefix, user) + ":", userKey(refreshPrefix, user) + ":", userKey(indexPrefix, user), userKey(fencePrefix, user),
	}
}

func userKey(prefix string, user domain.UserID) string {
	var room [len(indexPrefix) + idLength + len("}")]byte
	return string(append(appendID(append(room[:0], prefix...), user.ID), '}'))
}

func tokenKey(app domain.AppID) string { return tokenPrefix + string(app) + "}" }

func tokenLockKey(app domain.AppID) string { return lockPrefix + string(app) + "}" }

// appendID is ID.String without an allocation.
func appendID(key []byte, id domain.ID) []byte {
	key = append(hex.AppendEncode(key, id[0:4]), '-')
	key = append(hex.AppendEncode(key, id[4:6]), '-')
	key = append(hex.AppendEncode(key, id[6:8]), '-')
	key = append(hex.AppendEncode(key, id[8:10]), '-')
	return hex.AppendEncode(key, id[10:16])
}
