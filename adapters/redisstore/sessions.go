package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Sessions is a ports.SessionStore, SessionRefresher, SessionLister and SessionKeyReader. It is safe for concurrent use.
type Sessions struct {
	redis   redis.UniversalClient
	hot     hot
	cipher  ports.Cipher
	limits  domain.SessionLimits
	metrics metrics
}

var _ ports.SessionStore = (*Sessions)(nil)

// NewSessions keeps sessions through a client, which stays the caller's to close. The limits are what each request and each
// refresh starts anew; on a session opened with others they take effect then.
func NewSessions(client redis.UniversalClient, cipher ports.Cipher, limits domain.SessionLimits) *Sessions {
	limits.Idle = max(limits.Idle, time.Millisecond) // the client takes zero for "never expires"
	return &Sessions{redis: client, hot: newHot(client), cipher: cipher, limits: limits, metrics: newMetrics()}
}

// fenced is how long a fence is kept, in milliseconds. It outlives any sign-in that read the user before it.
const fenced = int64(time.Hour / time.Millisecond)

// Ping reports domain.ErrUnavailable when Redis does not answer: of a Cluster, when no master serves.
func (s *Sessions) Ping(ctx context.Context) error {
	cluster, ok := s.redis.(*redis.ClusterClient)
	if !ok {
		return translate(ctx, "ping Redis", s.redis.Ping(ctx).Err())
	}
	return translate(ctx, "ping Redis", serving(ctx, cluster))
}

// Open keeps a new session, which stays whatever most is. Sessions that are not live give way before those that are, and of
// these the one that was opened or refreshed longest ago.
func (s *Sessions) Open(ctx context.Context, session *domain.Session, most int) ([]domain.SessionID, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("open session: %w", ctx.Err())
	}
	state := session.State()
	record, err := s.encode(state)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	var names string
	keys := keysOf(state.UserID, state.ID)
	err = s.hot.do(ctx, keys[0], func(client redis.UniversalClient) (err error) {
		names, err = openScript.Run(ctx, client, keys,
			state.ID.String(),
			liveValue(state), millisecondsTo(state, state.IdleUntil),
			record, millisecondsTo(state, state.RefreshUntil),
			state.UserVersion, millisecondsTo(state, state.ExpiresAt),
			max(most, 1),
		).Text()
		return err
	})
	if errors.Is(err, redis.Nil) {
		return nil, ports.ErrOutdated
	}
	if err != nil {
		return nil, translate(ctx, "open session", err)
	}
	var ended []domain.SessionID
	for name := range strings.FieldsSeq(names) {
		id, err := domain.ParseSessionID(name)
		if err != nil {
			return nil, errors.New("open session: what gave way has no id")
		}
		ended = append(ended, id)
	}
	s.metrics.opened.Inc()
	s.metrics.displaced.Add(float64(len(ended)))
	return ended, nil
}

// Touch slides the idle limit of a live session. The idle time runs by Redis's clock, the absolute limit by now.
func (s *Sessions) Touch(ctx context.Context, user domain.UserID, id domain.SessionID, now time.Time) ([]domain.Role, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("touch session: %w", ctx.Err())
	}
	var value string
	key := keyOf(livePrefix, user, id)
	err := s.hot.do(ctx, key, func(client redis.UniversalClient) (err error) {
		value, err = client.GetEx(ctx, key, s.limits.Idle).Result()
		return err
	})
	if errors.Is(err, redis.Nil) {
		return nil, domain.ErrSessionEnded
	}
	if err != nil {
		return nil, translate(ctx, "touch session", err)
	}
	limit, roles, _ := strings.Cut(value, " ")
	expires, err := strconv.ParseInt(limit, 10, 64)
	if err != nil {
		return nil, errors.New("touch session: its key holds no instant")
	}
	if now.UnixMicro() >= expires {
		return nil, domain.ErrSessionEnded
	}
	return parseRoles(roles), nil
}

// End forgets a session.
func (s *Sessions) End(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	return s.run(ctx, "end session", endScript, keysOf(user, id), id.String())
}

// EndOpenedBefore forgets the user's sessions that were opened on an older version, but one.
func (s *Sessions) EndOpenedBefore(ctx context.Context, user domain.UserID, version int64, except domain.SessionID) error {
	return s.run(ctx, "end sessions", endBeforeScript, prefixesOf(user), version, fenced, except.String())
}

// SetRoles keeps the roles of a version with the user's sessions that were opened on an older one.
func (s *Sessions) SetRoles(ctx context.Context, user domain.UserID, version int64, roles []domain.Role) error {
	return s.run(ctx, "set roles of sessions", rolesScript, prefixesOf(user), version, fenced, rolesText(roles))
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

// liveValue is what Touch needs to know of a session, and all it reads.
func liveValue(state domain.SessionState) []byte {
	value := append(appendInstant(make([]byte, 0, 64), state.ExpiresAt), ' ')
	return append(value, rolesText(state.Roles)...)
}

// millisecondsTo is how long a key lives that ends at an instant, at least one: Redis refuses less.
func millisecondsTo(state domain.SessionState, end time.Time) int64 {
	return max(end.Sub(state.LastSeenAt).Milliseconds(), 1)
}
