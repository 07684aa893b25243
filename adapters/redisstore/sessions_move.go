package redisstore

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/domain"
)

// moveScript keeps a session as it is. It knows no fence and no most: who may have which sessions was decided where they come
// from.
//
// KEYS: live key, refresh key, index.
// ARGV: session, live value, milliseconds live (0: it is not), record, milliseconds refreshable, version of the user,
// milliseconds in the index.
const moveScript = `
if tonumber(ARGV[3]) > 0 then
	redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
	redis.call('DEL', KEYS[1])
end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[7]) then
	redis.call('PEXPIRE', KEYS[3], ARGV[7])
end
return 1
`

// Move keeps sessions of another store as they are there, hashes and all, in one round trip, and returns how many. Those that
// cannot be refreshed any more are left out. Moving one again writes it again. Nobody may use the sessions meanwhile, here or
// there.
func (s *Sessions) Move(ctx context.Context, sessions []*domain.Session, now time.Time) (moved int64, err error) {
	pipe := s.redis.Pipeline()
	for _, session := range sessions {
		state := session.State()
		if over(state, now) {
			continue
		}
		record, err := s.encode(state)
		if err != nil {
			return 0, fmt.Errorf("move session: %w", err)
		}
		pipe.Eval(ctx, moveScript, keysOf(state.UserID, state.ID)[:3],
			state.ID.String(),
			liveValue(state), max(millisecondsLeft(state.IdleUntil, now), 0),
			record, millisecondsLeft(earlier(state.RefreshUntil, state.ExpiresAt), now),
			state.UserVersion, millisecondsLeft(state.ExpiresAt, now),
		)
		moved++
	}
	if moved == 0 {
		return 0, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, translate(ctx, "move sessions", err)
	}
	return moved, nil
}

// over tells a session that is neither live nor can be opened again.
func over(state domain.SessionState, now time.Time) bool {
	return millisecondsLeft(earlier(state.RefreshUntil, state.ExpiresAt), now) < 1
}

func millisecondsLeft(end, now time.Time) int64 { return end.Sub(now).Milliseconds() }

// scanned is how many keys are asked for at once, about.
const scanned = 1000

// EachID gives whose sessions Redis keeps anything of, each at least once, until use returns an error. What is opened or ended
// meanwhile may be among them or not.
func (s *Sessions) EachID(ctx context.Context, use func(user domain.UserID, id domain.SessionID) error) error {
	nodes, err := s.masters(ctx)
	if err != nil {
		return translate(ctx, "list sessions", err)
	}
	for _, node := range nodes {
		keys := node.Scan(ctx, 0, "*s*:{*}:*", scanned).Iterator()
		for keys.Next(ctx) {
			user, id, found := ownerOf(keys.Val())
			if !found {
				continue
			}
			if err := use(user, id); err != nil {
				return err
			}
		}
		if err := keys.Err(); err != nil {
			return translate(ctx, "list sessions", err)
		}
	}
	return nil
}

// masters are all servers that hold keys: of a Cluster each knows its own alone.
func (s *Sessions) masters(ctx context.Context) (nodes []redis.Cmdable, err error) {
	cluster, ok := s.redis.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{s.redis}, nil
	}
	var mu sync.Mutex
	err = cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
		return nil
	})
	return nodes, err
}

// ownerOf reads what keyOf wrote for a session, and passes over every other key.
func ownerOf(key string) (user domain.UserID, id domain.SessionID, found bool) {
	rest, live := strings.CutPrefix(key, livePrefix)
	if !live {
		if rest, found = strings.CutPrefix(key, refreshPrefix); !found {
			return user, id, false
		}
	}
	owner, session, found := strings.Cut(rest, "}:")
	if !found {
		return user, id, false
	}
	user, err := domain.ParseUserID(owner)
	if err != nil {
		return user, id, false
	}
	id, err = domain.ParseSessionID(session)
	return user, id, err == nil
}
