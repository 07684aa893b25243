package redisstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var (
	_ ports.SessionRefresher = (*Sessions)(nil)
	_ ports.SessionLister    = (*Sessions)(nil)
)

// Refresh replaces a refresh token and makes the session live again.
func (s *Sessions) Refresh(
	ctx context.Context, user domain.UserID, id domain.SessionID, presented, next domain.RefreshHash, now time.Time,
) (*domain.Session, error) {
	answer, err := refreshScript.Run(ctx, s.redis, keysOf(user, id)[:2],
		hashText(presented), hashText(next), now.UnixMicro(),
		s.limits.Idle.Microseconds(), s.limits.Refresh.Microseconds(), domain.RefreshGrace.Microseconds(),
	).Result()
	if errors.Is(err, redis.Nil) {
		return nil, domain.ErrRefreshTokenInvalid
	}
	if err != nil {
		return nil, translate(ctx, "refresh session", err)
	}
	record, rotated := answer.(string)
	if !rotated {
		s.metrics.reused.Inc()
		return nil, domain.ErrRefreshTokenReused
	}
	state, sealed, err := decode(user, id, record)
	if err != nil {
		return nil, fmt.Errorf("refresh session: %w", err)
	}
	if len(sealed) > 0 {
		opened, err := s.cipher.Open(sessionKeyField(id), sealed)
		if err != nil {
			return nil, fmt.Errorf("refresh session: open session key: %w", err)
		}
		state.SessionKey = domain.SessionKey{Secret: opened}
	}
	state.IdleUntil = earlier(now.Add(s.limits.Idle), state.ExpiresAt)
	s.metrics.refreshed.Inc()
	return domain.RestoreSession(state), nil
}

// List returns the user's sessions without their session keys. When a live one was last seen follows from how long it is live
// yet; of one that is not, it is when it was opened or refreshed, since requests leave nothing behind.
func (s *Sessions) List(ctx context.Context, user domain.UserID, now time.Time) ([]*domain.Session, error) {
	answer, err := listScript.Run(ctx, s.redis, prefixesOf(user)).Slice()
	if err != nil {
		return nil, translate(ctx, "list sessions", err)
	}
	var sessions []*domain.Session
	for ; len(answer) >= 3; answer = answer[3:] {
		name, _ := answer[0].(string)
		record, _ := answer[1].(string)
		left, _ := answer[2].(int64)
		id, err := domain.ParseSessionID(name)
		if err != nil {
			return nil, fmt.Errorf("list sessions: %w", errRecord)
		}
		state, _, err := decode(user, id, record)
		if err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		if now.Before(state.RefreshUntil) {
			s.place(&state, time.Duration(left)*time.Millisecond, now)
			sessions = append(sessions, domain.RestoreSession(state))
		}
	}
	slices.SortFunc(sessions, newestFirst)
	return sessions, nil
}

func newestFirst(a, b *domain.Session) int {
	one, other := a.State(), b.State()
	return cmp.Or(other.CreatedAt.Compare(one.CreatedAt), bytes.Compare(other.ID.ID[:], one.ID.ID[:]))
}

// place sets what the record does not know, from how long the session is live yet.
func (s *Sessions) place(state *domain.SessionState, left time.Duration, now time.Time) {
	if left < 0 {
		state.IdleUntil = earlier(state.LastSeenAt.Add(s.limits.Idle), now)
		return
	}
	state.IdleUntil = earlier(now.Add(left), state.ExpiresAt)
	if seen := earlier(now.Add(left-s.limits.Idle), now); seen.After(state.LastSeenAt) {
		state.LastSeenAt = seen
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
