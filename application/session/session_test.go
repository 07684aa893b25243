package session_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var (
	limits = domain.SessionLimits{Idle: 30 * time.Minute, Refresh: 720 * time.Hour, MaxAge: 2160 * time.Hour}
	start  = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
)

// bundle is somebody signed in on two devices.
type bundle struct {
	store    *memory.Store
	sessions *memory.Sessions
	tokens   *memory.Tokens
	refresh  *memory.RefreshTokens
	now      time.Time
	last     uint64
	user     *domain.User
	first    domain.SessionID
	second   domain.SessionID
	forgotten
}

func (b *bundle) clock() time.Time { return b.now }

func (b *bundle) newID() (id domain.ID) {
	b.last++
	binary.BigEndian.PutUint64(id[8:], b.last)
	return id
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{
		store:    memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{}),
		sessions: memory.NewSessions(limits), tokens: memory.NewTokens(), refresh: memory.NewRefreshTokens(), now: start,
	}
	openID, err := domain.NewOpenID("o-alice")
	if err != nil {
		t.Fatal(err)
	}
	user, registered := domain.RegisterWithWeChat(domain.UserID{ID: b.newID()},
		domain.WeChatIdentity{AppID: "wx01", OpenID: openID}, domain.Stamp{ID: domain.EventID{ID: b.newID()}, At: b.now})
	if err := b.store.InTx(t.Context(), addUser(user, registered)); err != nil {
		t.Fatal(err)
	}
	b.user = user
	b.first, b.second = b.open(t), b.open(t)
	return b
}

func (b *bundle) open(t *testing.T) domain.SessionID {
	t.Helper()
	return b.openWithToken(t).SessionID
}

// openWithToken is open, and returns the session's refresh token.
func (b *bundle) openWithToken(t *testing.T) domain.RefreshToken {
	t.Helper()
	id := domain.SessionID{ID: b.newID()}
	token, err := b.refresh.Mint(b.user.ID(), id, [32]byte(append(id.ID[:], id.ID[:]...)))
	if err != nil {
		t.Fatal(err)
	}
	opened := domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: b.user.ID(), UserVersion: b.version(t), Roles: b.user.Roles(), Refresh: token,
	}, limits, b.now)
	if _, err := b.sessions.Open(t.Context(), opened, 20); err != nil {
		t.Fatal(err)
	}
	return token
}

// version is the user's as stored.
func (b *bundle) version(t *testing.T) int64 {
	t.Helper()
	user, err := b.store.ByID(t.Context(), b.user.ID())
	if err != nil {
		t.Fatal(err)
	}
	return user.State().Version
}

func (b *bundle) users() *update.Users  { return update.New(b.store, b.clock, b.newID) }
func (b *bundle) ender() *session.Ender { return session.NewEnder(b.users(), b.sessions) }

func (b *bundle) token(t *testing.T, id domain.SessionID) domain.Secret {
	t.Helper()
	token, err := b.tokens.Issue(domain.Claims{
		TokenID: b.newID(), UserID: b.user.ID(), SessionID: id, IssuedAt: b.now, ExpiresAt: b.now.Add(2 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (b *bundle) check(t *testing.T, token domain.Secret) error {
	t.Helper()
	claims, err := session.NewCheck(b.tokens, b.sessions, b.clock).Do(t.Context(), token)
	if err == nil && claims.UserID != b.user.ID() {
		t.Errorf("the caller is %v, want %v", claims.UserID, b.user.ID())
	}
	return err
}

func TestCheck(t *testing.T) {
	t.Parallel()
	foreign := memory.NewTokens()
	tests := []struct {
		name string
		act  func(b *bundle, token *domain.Secret)
		want error
	}{
		{"live session", func(*bundle, *domain.Secret) {}, nil},
		{"no token", func(_ *bundle, token *domain.Secret) { *token = domain.Secret{} }, domain.ErrTokenMissing},
		{"garbage", func(_ *bundle, token *domain.Secret) { *token = domain.NewSecret("garbage") }, domain.ErrTokenInvalid},
		{"foreign token", func(b *bundle, token *domain.Secret) {
			*token, _ = foreign.Issue(domain.Claims{UserID: b.user.ID(), SessionID: b.first, ExpiresAt: b.now.Add(time.Hour)})
		}, domain.ErrTokenInvalid},
		{"expired token", func(b *bundle, _ *domain.Secret) { b.now = b.now.Add(2 * time.Hour) }, domain.ErrTokenExpired},
		{"idle session", func(b *bundle, _ *domain.Secret) { b.now = b.now.Add(limits.Idle) }, domain.ErrSessionEnded},
		{"sessions out of reach", func(b *bundle, _ *domain.Secret) { b.sessions.Break(domain.ErrUnavailable) }, domain.ErrUnavailable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			token := b.token(t, b.first)
			test.act(b, &token)
			if err := b.check(t, token); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestCheckSlidesTheSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		b.now = b.now.Add(limits.Idle - time.Minute)
		if err := b.check(t, b.token(t, b.first)); err != nil {
			t.Fatalf("after %s: %v", b.now.Sub(start), err)
		}
	}
}

func TestLogoutEndsOneSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	logout := session.NewLogout(b.ender())
	if err := logout.Do(t.Context(), b.user.ID(), b.first); err != nil {
		t.Fatal(err)
	}
	if err := b.check(t, b.token(t, b.first)); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("the ended session: got %v", err)
	}
	if err := b.check(t, b.token(t, b.second)); err != nil {
		t.Errorf("the other session: got %v", err)
	}
	b.wantLastEvent(t, domain.SessionEnded{SessionID: b.first, Reason: domain.EndedByLogout})
}

func TestLogoutAllEndsEverySession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.now = b.now.Add(24 * time.Hour) // a replica whose clock is ahead
	ahead := b.open(t)
	b.now = b.now.Add(-24 * time.Hour)
	if err := session.NewLogoutAll(b.ender()).Do(t.Context(), b.user.ID()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []domain.SessionID{b.first, b.second, ahead} {
		if err := b.check(t, b.token(t, id)); !errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("session %v: got %v", id, err)
		}
	}
	b.wantLastEvent(t, domain.SessionEnded{Reason: domain.EndedByLogoutAll})
	if err := b.check(t, b.token(t, b.open(t))); err != nil {
		t.Errorf("a session opened afterwards: got %v", err)
	}
}

func TestLogoutAllOfSomebodyGoneEndsEverySession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store = memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{})
	if err := session.NewLogoutAll(b.ender()).Do(t.Context(), b.user.ID()); err != nil {
		t.Fatal(err)
	}
	if left := b.sessions.Of(b.user.ID()); len(left) != 0 {
		t.Errorf("%d sessions are kept, want none", len(left))
	}
}

func TestLogoutOfSomebodyGoneEndsTheSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store = memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{})
	if err := session.NewLogout(b.ender()).Do(t.Context(), b.user.ID(), b.first); err != nil {
		t.Fatal(err)
	}
	if err := b.check(t, b.token(t, b.first)); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("got %v", err)
	}
	if events := b.store.Events(); len(events) != 0 {
		t.Errorf("got events %+v", events)
	}
}

func TestAnnouncedEndingSurvivesACrash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sessions.Break(domain.ErrUnavailable) // the crash: committed, and not carried out
	err := session.NewLogoutAll(b.ender()).Do(t.Context(), b.user.ID())
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	b.sessions.Break(nil)
	announced := b.store.Events()[1]
	later := b.open(t)

	feed := memory.NewSessionFeed()
	feed.Publish(ports.SessionNotice{UserID: announced.UserID, Version: announced.Version})
	feed.Publish(ports.SessionNotice{UserID: announced.UserID, SessionID: b.open(t), Version: announced.Version + 1})
	b.follow(t, feed, 2)
	for _, state := range b.sessions.Of(b.user.ID()) {
		if state.ID != later {
			t.Errorf("session %v is kept, want only the one opened after the announcement", state.ID)
		}
	}
	if err := b.check(t, b.token(t, later)); err != nil {
		t.Errorf("opened after the announcement: %v", err)
	}
}

func (b *bundle) wantLastEvent(t *testing.T, want domain.Facts) {
	t.Helper()
	events := b.store.Events()
	if got := events[len(events)-1]; got.Facts != want || got.Version != 2 {
		t.Errorf("got event %+v, want %+v", got, want)
	}
}
