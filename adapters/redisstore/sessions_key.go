package redisstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var _ ports.SessionKeyReader = (*Sessions)(nil)

// NewestKey returns the session_key of the newest session at a mini-program that is kept.
func (s *Sessions) NewestKey(ctx context.Context, user domain.UserID, app domain.AppID) (domain.SessionKey, error) {
	answer, err := listScript.Run(ctx, s.redis, prefixesOf(user)).Slice()
	if err != nil {
		return domain.SessionKey{}, translate(ctx, "find session key", err)
	}
	newest, sealed, err := newestAt(user, app, answer)
	if err != nil || len(sealed) == 0 {
		return domain.SessionKey{}, err
	}
	opened, err := s.cipher.Open(sessionKeyField(newest), sealed)
	if err != nil {
		return domain.SessionKey{}, fmt.Errorf("find session key: open it: %w", err)
	}
	return domain.SessionKey{Secret: opened}, nil
}

// newestAt finds the session that was opened last at a mini-program: the script knows the order of the user's versions alone.
func newestAt(user domain.UserID, app domain.AppID, answer []any) (newest domain.SessionID, sealed []byte, err error) {
	var opened time.Time
	for ; len(answer) >= 3; answer = answer[3:] {
		name, _ := answer[0].(string)
		record, _ := answer[1].(string)
		id, err := domain.ParseSessionID(name)
		if err != nil {
			return newest, nil, fmt.Errorf("find session key: %w", errRecord)
		}
		state, key, err := decode(user, id, record)
		if err != nil {
			return newest, nil, fmt.Errorf("find session key: %w", err)
		}
		later := cmp.Or(state.CreatedAt.Compare(opened), bytes.Compare(id.ID[:], newest.ID[:])) > 0
		if state.AppID == app && later {
			newest, sealed, opened = id, key, state.CreatedAt
		}
	}
	return newest, sealed, nil
}
