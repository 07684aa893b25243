package redisstore_test

import (
	"context"
	"regexp"
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

func newSetup(tb testing.TB, url string, idle time.Duration) *setup {
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
	s := &setup{client: client, cipher: cipher, seen: &seen{users: make(map[string]bool)}}
	s.store = redisstore.NewSessions(client, cipher, idle)
	s.age = func(d time.Duration) { s.ageKeys(tb, d) }
	client.AddHook(s.seen)
	return s
}

// servers are the kinds of Redis that everything must hold on.
var servers = map[string]func(tb testing.TB, idle time.Duration) *setup{
	"redis": func(tb testing.TB, idle time.Duration) *setup { return newSetup(tb, redistest.URL(tb), idle) },
	"cluster": func(tb testing.TB, idle time.Duration) *setup {
		return newSetup(tb, redistest.ClusterURL(tb)+"?cluster=true", idle)
	},
	"miniredis": func(tb testing.TB, idle time.Duration) *setup {
		server := miniredis.RunT(tb)
		s := newSetup(tb, "redis://"+server.Addr(), idle)
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
			test(t, open(t, limits.Idle))
		})
	}
}

// seen is a hook that notes which commands a client sends, and for which users.
type seen struct {
	mu       sync.Mutex
	users    map[string]bool
	commands []string
}

var hashTag = regexp.MustCompile(`\{[^}]+\}`)

func (s *seen) note(cmd redis.Cmder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, cmd.Name())
	for _, arg := range cmd.Args() {
		if key, ok := arg.(string); ok {
			if user := hashTag.FindString(key); len(user) == 38 {
				s.users[user] = true
			}
		}
	}
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
	s.seen.mu.Lock()
	var patterns []string
	for user := range s.seen.users {
		patterns = append(patterns, "*"+user+"*")
	}
	s.seen.mu.Unlock()
	var keys []string
	for _, pattern := range patterns {
		found := s.client.Scan(tb.Context(), 0, pattern, 1<<20).Iterator()
		for found.Next(tb.Context()) {
			keys = append(keys, found.Val())
		}
		if err := found.Err(); err != nil {
			tb.Fatal(err)
		}
	}
	return keys
}

func (s *setup) ageKeys(tb testing.TB, d time.Duration) {
	tb.Helper()
	for _, key := range s.keys(tb) {
		left := s.client.PTTL(tb.Context(), key).Val() - d
		var err error
		if left <= 0 {
			err = s.client.Del(tb.Context(), key).Err()
		} else {
			err = s.client.PExpire(tb.Context(), key, left).Err()
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func newID() domain.ID { return domain.ID(uuid.New()) }

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func newSession(user domain.UserID, at time.Time, limits domain.SessionLimits) *domain.Session {
	id := domain.SessionID{ID: newID()}
	return domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: user, AppID: "wx0123456789abcdef", IP: "2001:db8::1",
		Device:     domain.Device{ID: "d-1", Model: `Pixel 9 "Pro"`, Platform: "android", System: "Android 16"},
		SessionKey: domain.SessionKey{Secret: domain.NewSecret(sessionKey)},
		Refresh:    domain.NewRefreshToken(user, id, [32]byte{1, 2, 3}),
	}, limits, at)
}

// open keeps a session of a user of its own.
func (s *setup) open(tb testing.TB) (domain.UserID, *domain.Session) {
	tb.Helper()
	user := domain.UserID{ID: newID()}
	session := newSession(user, now(), limits)
	if err := s.store.Open(tb.Context(), session); err != nil {
		tb.Fatal(err)
	}
	return user, session
}
