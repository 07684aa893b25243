package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Sessions is a ports.SessionStore. It is safe for concurrent use.
type Sessions struct {
	redis  redis.UniversalClient
	cipher ports.Cipher
	idle   time.Duration
}

var _ ports.SessionStore = (*Sessions)(nil)

// NewSessions keeps sessions through a client, which stays the caller's to close. The idle time is what each request starts
// anew; on a session opened with another one it takes effect with the first request.
func NewSessions(client redis.UniversalClient, cipher ports.Cipher, idle time.Duration) *Sessions {
	// The client takes zero for "never expires".
	return &Sessions{redis: client, cipher: cipher, idle: max(idle, time.Millisecond)}
}

// Ping reports domain.ErrUnavailable when Redis does not answer.
func (s *Sessions) Ping(ctx context.Context) error {
	return translate(ctx, "ping Redis", s.redis.Ping(ctx).Err())
}

// Open keeps a new session.
func (s *Sessions) Open(ctx context.Context, session *domain.Session) error {
	state := session.State()
	written, err := s.encode(state)
	if err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	return s.run(ctx, "open session", openScript,
		[]string{
			keyOf(livePrefix, state.UserID, state.ID), keyOf(refreshPrefix, state.UserID, state.ID), indexOf(state.UserID),
		},
		state.ID.String(),
		state.ExpiresAt.UnixMicro(), millisecondsTo(state, state.IdleUntil),
		written, millisecondsTo(state, state.RefreshUntil),
		state.CreatedAt.UnixMicro(), millisecondsTo(state, state.ExpiresAt),
	)
}

// Touch slides the idle limit of a live session. The idle time runs by Redis's clock, the absolute limit by now.
func (s *Sessions) Touch(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) error {
	if ctx.Err() != nil {
		return fmt.Errorf("touch session: %w", ctx.Err())
	}
	value, err := s.redis.GetEx(unwatched{ctx}, keyOf(livePrefix, user, id), s.idle).Result()
	if errors.Is(err, redis.Nil) {
		return domain.ErrSessionEnded
	}
	if err != nil {
		return translate(ctx, "touch session", err)
	}
	expires, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return errors.New("touch session: its key holds no instant")
	}
	if now.UnixMicro() >= expires {
		return domain.ErrSessionEnded
	}
	return nil
}

// unwatched spares the one command of each request the watch for its cancellation, which needs a timer where ctx has a
// deadline. The deadline itself goes with the command, and Redis answers or is given up soon in any case.
type unwatched struct {
	context.Context
}

// Done is context.Context's, for one that is never cancelled.
func (unwatched) Done() <-chan struct{} { return nil }

// End forgets a session.
func (s *Sessions) End(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	return s.run(ctx, "end session", endScript,
		[]string{keyOf(livePrefix, user, id), keyOf(refreshPrefix, user, id), indexOf(user)}, id.String())
}

// EndOpenedUntil forgets the user's sessions that were opened up to an instant.
func (s *Sessions) EndOpenedUntil(ctx context.Context, user domain.UserID, until time.Time) error {
	return s.run(ctx, "end sessions", endUntilScript,
		[]string{prefixOf(livePrefix, user), prefixOf(refreshPrefix, user), indexOf(user)}, until.UnixMicro())
}

// run sends the whole script again when a server, say one that was restarted, does not know it by its digest.
func (s *Sessions) run(ctx context.Context, what string, script *redis.Script, keys []string, args ...any) error {
	err := script.Run(ctx, s.redis, keys, args...).Err()
	if errors.Is(err, redis.Nil) { // a script that returns nothing
		return nil
	}
	return translate(ctx, what, err)
}

// translate keeps what the caller cancelled apart from what Redis failed. The cause is kept as text: a timeout of the
// connection's own would otherwise pass for the caller's.
func translate(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, ctx.Err())
	default:
		return fmt.Errorf("%s: %w: %s", what, domain.ErrUnavailable, err.Error())
	}
}

// millisecondsTo is how long a key lives that ends at an instant, at least one: Redis refuses less.
func millisecondsTo(state domain.SessionState, end time.Time) int64 {
	return max(end.Sub(state.LastSeenAt).Milliseconds(), 1)
}
