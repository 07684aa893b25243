package redisstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/domain"
)

// ErrDiffers is matched by the error of Compare for a session that is not kept as it should be.
var ErrDiffers = errors.New("a session differs")

// clockSlack is how far the end of a key, which Redis counts by its own clock, may lie from where it should.
const clockSlack = time.Minute

// Compare reads sessions that Move has kept and nobody has used since, in one round trip. For the first that is not there, or of
// which anything differs, the error matches ErrDiffers and says which and what. A session that ends about now may be there or
// not.
func (s *Sessions) Compare(ctx context.Context, sessions []*domain.Session, now time.Time) error {
	pipe := s.redis.Pipeline()
	kept := make([]keptSession, len(sessions))
	for i, session := range sessions {
		state := session.State()
		keys := keysOf(state.UserID, state.ID)
		kept[i] = keptSession{
			live: pipe.Get(ctx, keys[0]), liveFor: pipe.PTTL(ctx, keys[0]),
			record: pipe.Get(ctx, keys[1]), keptFor: pipe.PTTL(ctx, keys[1]),
			version: pipe.ZScore(ctx, keys[2], state.ID.String()), indexFor: pipe.PTTL(ctx, keys[2]),
		}
	}
	answers, _ := pipe.Exec(ctx) // its error is that of the first, which may only say that a key is not there
	for _, answer := range answers {
		if err := answer.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return translate(ctx, "compare sessions", err)
		}
	}
	for i, session := range sessions {
		state := session.State()
		what, err := s.differs(state, kept[i], now)
		if err != nil {
			return fmt.Errorf("compare session %s of user %s: %w", state.ID, state.UserID, err)
		}
		if what != "" {
			return fmt.Errorf("%w: session %s of user %s: %s", ErrDiffers, state.ID, state.UserID, what)
		}
	}
	return nil
}

// keptSession is all that Redis has of a session.
type keptSession struct {
	live, record               *redis.StringCmd
	liveFor, keptFor, indexFor *redis.DurationCmd
	version                    *redis.FloatCmd
}

// differs says what is not as it should be, and nothing where all is.
func (s *Sessions) differs(want domain.SessionState, kept keptSession, now time.Time) (string, error) {
	end := earlier(want.RefreshUntil, want.ExpiresAt)
	if errors.Is(kept.record.Err(), redis.Nil) {
		if end.After(now.Add(clockSlack)) {
			return "Redis does not have it", nil
		}
		return "", nil
	}
	live := !errors.Is(kept.live.Err(), redis.Nil)
	switch {
	case !near(kept.keptFor.Val(), end, now):
		return "when it is forgotten differs", nil
	case !near(kept.liveFor.Val(), want.IdleUntil, now):
		return "until when it is live differs", nil
	case live && kept.live.Val() != string(liveValue(want)):
		return "what requests read of it differs", nil
	case errors.Is(kept.version.Err(), redis.Nil), kept.version.Val() != float64(want.UserVersion):
		return "the user's sessions do not list it under its version", nil
	case kept.indexFor.Val() < want.ExpiresAt.Sub(now)-clockSlack:
		return "the list of the user's sessions ends before it", nil
	}
	got, err := s.decodeWhole(want.UserID, want.ID, kept.record.Val())
	if err != nil {
		return "", err
	}
	got.IdleUntil = want.IdleUntil // is compared above, and not in the record
	return differingField(want, got), nil
}

// near tells whether a key ends when it should; of what is over by now there is no key.
func near(left time.Duration, end, now time.Time) bool {
	want := max(end.Sub(now), 0)
	return (max(left, 0) - want).Abs() <= clockSlack
}

// decodeWhole is decode with the session key opened.
func (s *Sessions) decodeWhole(user domain.UserID, id domain.SessionID, record string) (domain.SessionState, error) {
	state, sealed, err := decode(user, id, record)
	if err != nil || len(sealed) == 0 {
		return state, err
	}
	opened, err := s.cipher.Open(sessionKeyField(id), sealed)
	if err != nil {
		return state, fmt.Errorf("open session key: %w", err)
	}
	state.SessionKey = domain.SessionKey{Secret: opened}
	return state, nil
}

// differingField goes through whatever fields there are, so that one added later is compared too.
func differingField(want, got domain.SessionState) string {
	one, other := reflect.ValueOf(want), reflect.ValueOf(got)
	for i := range one.NumField() {
		if !reflect.DeepEqual(one.Field(i).Interface(), other.Field(i).Interface()) {
			return "its " + one.Type().Field(i).Name + " differs"
		}
	}
	return ""
}
