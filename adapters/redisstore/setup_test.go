package redisstore_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

var limits = domain.SessionLimits{Idle: 30 * time.Minute, Refresh: 30 * 24 * time.Hour, MaxAge: 90 * 24 * time.Hour}

const sessionKey = "tiihtNczf5v6AKRyjwEUhQ=="

// setup is a store and what a test knows of the server behind it.
type setup struct {
	client redis.UniversalClient
	cipher *vault.Vault
	store  *redisstore.Sessions
	seen   *seen
	age    func(d time.Duration) // ages the keys of all users the store was asked for
}

func newSetup(tb testing.TB, url string, limits domain.SessionLimits) *setup {
	tb.Helper()
	client, err := redisstore.Connect(tb.Context(), domain.NewSecret(url))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = client.Close() })
	secret, err := vault.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	cipher, err := vault.Parse(secret)
	if err != nil {
		tb.Fatal(err)
	}
	s := &setup{client: client, cipher: cipher, seen: &seen{users: make(map[string]bool), keys: make(map[string]bool)}}
	s.store = redisstore.NewSessions(client, cipher, limits)
	s.age = func(d time.Duration) { s.ageKeys(tb, d) }
	if cluster, ok := client.(*redis.ClusterClient); ok { // each of its servers gets commands by itself
		err = cluster.ForEachMaster(tb.Context(), func(_ context.Context, server *redis.Client) error {
			server.AddHook(s.seen)
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	} else {
		client.AddHook(s.seen)
	}
	return s
}

// patient are parameters for a client that is not asked how soon it gives up: on a busy machine no answer is no outage.
const patient = "dial_timeout=30s&read_timeout=30s&write_timeout=30s"

// servers are the kinds of Redis that everything must hold on.
var servers = map[string]func(tb testing.TB, limits domain.SessionLimits) *setup{
	"redis": func(tb testing.TB, limits domain.SessionLimits) *setup {
		return newSetup(tb, redistest.URL(tb)+"?"+patient, limits)
	},
	"cluster": func(tb testing.TB, limits domain.SessionLimits) *setup {
		return newSetup(tb, redistest.ClusterURL(tb)+"?cluster=true&"+patient, limits)
	},
	"miniredis": func(tb testing.TB, limits domain.SessionLimits) *setup {
		server := miniredis.RunT(tb)
		s := newSetup(tb, "redis://"+server.Addr()+"?"+patient, limits)
		s.age = server.FastForward
		return s
	},
}

func onEachServer(t *testing.T, test func(t *testing.T, s *setup)) {
	t.Helper()
	t.Parallel()
	for name, open := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, limits))
		})
	}
}

// seen is a hook that notes which commands a client sends, and for which users.
type seen struct {
	mu       sync.Mutex
	users    map[string]bool
	keys     map[string]bool
	commands []string
}

var (
	hashTag = regexp.MustCompile(`\{[^}]+\}`)
	ownKey  = regexp.MustCompile(`^[a-z]+:\{[^}]+\}(:.+)?$`) // and no prefix of one
)

func (s *seen) note(cmd redis.Cmder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, cmd.Name())
	for _, arg := range cmd.Args() {
		if key, ok := arg.(string); ok && ownKey.MatchString(key) {
			s.keys[key] = true
			s.users[hashTag.FindString(key)] = true
		}
	}
}

// take returns the keys that were seen since the last time.
func (s *seen) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := slices.Collect(maps.Keys(s.keys))
	clear(s.keys)
	return keys
}

// commandsOf returns what was sent during do.
func (s *seen) commandsOf(do func()) []string {
	s.mu.Lock()
	s.commands = nil
	s.mu.Unlock()
	do()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commands
}

func (s *seen) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *seen) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.note(cmd)
		return next(ctx, cmd)
	}
}

func (s *seen) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			s.note(cmd)
		}
		return next(ctx, cmds)
	}
}

// keys returns the keys of all users the store was asked for: a Cluster is shared with other tests.
func (s *setup) keys(tb testing.TB) []string {
	tb.Helper()
	var keys []string
	found := s.client.Scan(tb.Context(), 0, "*", 1<<20).Iterator()
	for found.Next(tb.Context()) {
		s.seen.mu.Lock()
		if s.seen.users[hashTag.FindString(found.Val())] {
			keys = append(keys, found.Val())
		}
		s.seen.mu.Unlock()
	}
	if err := found.Err(); err != nil {
		tb.Fatal(err)
	}
	return keys
}

func (s *setup) ageKeys(tb testing.TB, d time.Duration) {
	tb.Helper()
	keys := s.seen.take()
	pipe := s.client.Pipeline()
	lives := make([]*redis.DurationCmd, len(keys))
	for i, key := range keys {
		lives[i] = pipe.PTTL(tb.Context(), key)
	}
	if _, err := pipe.Exec(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	s.seen.take() // only what lives yet is seen again
	for i, key := range keys {
		if left := lives[i].Val(); left > d {
			pipe.PExpire(tb.Context(), key, left-d)
		} else if left > 0 {
			pipe.Del(tb.Context(), key)
		}
	}
	if _, err := pipe.Exec(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// newID makes ids that rise, as those of the service do.
func newID() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) }

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// most is more sessions than a test opens for one user, unless it is about that.
const most = 1000

// refreshToken is a session's token of a generation.
func refreshToken(user domain.UserID, id domain.SessionID, generation int) domain.RefreshToken {
	text := fmt.Sprintf("%s %s %d", user, id, generation)
	return domain.RefreshToken{Secret: domain.NewSecret(text), UserID: user, SessionID: id}
}

// firstVersion is what users begin with.
const firstVersion = 1

func newSession(user domain.UserID, at time.Time, limits domain.SessionLimits) *domain.Session {
	return newSessionOn(firstVersion, user, at, limits)
}

func newSessionOn(version int64, user domain.UserID, at time.Time, limits domain.SessionLimits) *domain.Session {
	id := domain.SessionID{ID: newID()}
	return domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: user, UserVersion: version, AppID: "wx0123456789abcdef", IP: "2001:db8::1",
		Device:     domain.Device{ID: "d-1", Model: `Pixel 9 "Pro"`, Platform: "android", System: "Android 16"},
		SessionKey: domain.SessionKey{Secret: domain.NewSecret(sessionKey)},
		Roles:      []domain.Role{domain.RoleUser, domain.RoleSupport},
		Refresh:    refreshToken(user, id, 0),
	}, limits, at)
}

// open keeps a session of a user of its own.
func (s *setup) open(tb testing.TB) (domain.UserID, *domain.Session) {
	tb.Helper()
	user := domain.UserID{ID: newID()}
	session := newSession(user, now(), limits)
	s.reopen(tb, session)
	return user, session
}

// reopen is openFor with a client that may be quick to give up.
func (s *setup) reopen(tb testing.TB, session *domain.Session) {
	tb.Helper()
	err := answered(tb, func() error { _, err := s.store.Open(tb.Context(), session, most); return err })
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
}

// openFor keeps a session, which makes no other give way.
func (s *setup) openFor(tb testing.TB, session *domain.Session) {
	tb.Helper()
	if ended, err := s.store.Open(tb.Context(), session, most); err != nil || len(ended) > 0 {
		tb.Fatalf("open: %v gave way, %v", ended, err)
	}
}

func (s *setup) touch(tb testing.TB, session *domain.Session) error {
	tb.Helper()
	_, err := s.store.Touch(tb.Context(), session.State().UserID, session.State().ID, now())
	return err
}

// refresh presents the token of a generation.
func (s *setup) refresh(tb testing.TB, session *domain.Session, generation int, at time.Time) (*domain.Session, error) {
	tb.Helper()
	user, id := session.State().UserID, session.State().ID
	presented, next := refreshToken(user, id, generation), refreshToken(user, id, generation+1)
	return s.store.Refresh(tb.Context(), user, id, presented.Hash(), next.Hash(), at)
}
