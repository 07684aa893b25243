package signin_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const app = domain.AppID("wx0123456789abcdef")

var limits = domain.SessionLimits{Idle: 30 * time.Minute, Refresh: 720 * time.Hour, MaxAge: 2160 * time.Hour}

// bundle is every way to sign in, on fakes, with a clock that the test moves.
type bundle struct {
	signIn   *signin.WeChat
	password *signin.Password
	register *signin.Register
	wechat   *memory.WeChat
	store    *memory.Store
	sessions *hookedSessions
	tokens   *memory.Tokens
	refresh  *memory.RefreshTokens
	attempts *memory.Attempts
	limiter  *memory.Limiter
	hasher   *hookedHasher
	looked   func() // if set, called after each look by unionid
	users    *update.Users
	ender    *session.Ender
	clock    atomic.Pointer[time.Time]
}

func setup(t *testing.T, announce bool) *bundle {
	t.Helper()
	return setupWith(signin.Options{Limits: limits, MaxSessions: 50, AccessTTL: 2 * time.Hour, Announce: announce})
}

func setupWith(options signin.Options) *bundle {
	b := &bundle{
		wechat: memory.NewWeChat(app, "wx02", "wx03"), sessions: &hookedSessions{Sessions: memory.NewSessions(limits)}, tokens: memory.NewTokens(),
		store:   memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{}),
		refresh: memory.NewRefreshTokens(), attempts: memory.NewAttempts(), limiter: memory.NewLimiter(),
	}
	b.advance(0)
	var last atomic.Uint64
	newID := func() (id domain.ID) {
		binary.BigEndian.PutUint64(id[8:], last.Add(1))
		return id
	}
	random := func() (secret [32]byte) {
		binary.BigEndian.PutUint64(secret[:], last.Add(1))
		return secret
	}
	hasher := memory.NewPasswordHasher(2)
	b.hasher = &hookedHasher{PasswordHasher: hasher}
	users := update.New(b.store, b.now, newID)
	b.users, b.ender = users, session.NewEnder(users, b.sessions)
	opener := signin.NewOpener(b.store, users, b.sessions, b.ender, b.tokens, b.refresh, b.now, newID, random, options, slog.New(slog.DiscardHandler))
	b.signIn = signin.NewWeChat(b.wechat, b.store, hookedFinder{b.store, b}, b.store, users, opener, b.now, newID, []domain.AppID{app, "wx02", "wx03"})
	b.password = signin.NewPassword(b.store, b.hasher, b.attempts, b.limiter, b.sessions, users, opener, b.now)
	b.register = signin.NewRegister(signin.NewCreator(b.store, hasher, b.store, users, newID), opener)
	return b
}

func (b *bundle) now() time.Time { return *b.clock.Load() }

func (b *bundle) advance(by time.Duration) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	if last := b.clock.Load(); last != nil {
		now = last.Add(by)
	}
	b.clock.Store(&now)
}

// wantEvents checks every event there was, in order.
func (b *bundle) wantEvents(t *testing.T, want ...domain.Facts) {
	t.Helper()
	var got []domain.Facts
	for _, event := range b.store.Events() {
		got = append(got, event.Facts)
	}
	if !slices.Equal(got, want) {
		t.Errorf("events: got %+v, want %+v", got, want)
	}
}

// state returns a user as stored.
func (b *bundle) state(t *testing.T, id domain.UserID) domain.UserState {
	t.Helper()
	user, err := b.store.ByID(t.Context(), id)
	if err != nil {
		t.Fatalf("load user: %v", err)
	}
	return user.State()
}

// hookedHasher lets something happen while a password is verified, which takes long.
type hookedHasher struct {
	ports.PasswordHasher
	meanwhile func()
}

func (h *hookedHasher) Verify(ctx context.Context, text domain.Secret, hash domain.PasswordHash) (match, stale bool, err error) {
	if h.meanwhile != nil {
		h.meanwhile()
	}
	return h.PasswordHasher.Verify(ctx, text, hash)
}

// hookedSessions lets something happen each time just before a session is opened: the user was read by then.
type hookedSessions struct {
	*memory.Sessions
	meanwhile func()
}

func (h *hookedSessions) Open(ctx context.Context, opened *domain.Session, most int) ([]domain.SessionID, error) {
	if h.meanwhile != nil {
		h.meanwhile()
	}
	return h.Sessions.Open(ctx, opened, most)
}

// oneNotice is a feed that brings one notice and ends.
type oneNotice struct{ notice ports.SessionNotice }

func (f *oneNotice) Follow(ctx context.Context, handle func(context.Context, ports.SessionNotice) error) error {
	return handle(ctx, f.notice)
}
