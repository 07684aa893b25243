package account_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

const (
	app         = domain.AppID("wx0123456789abcdef")
	oldPassword = "correct-horse-battery"
	newPassword = "staple-horse-battery"
)

var (
	limits = domain.SessionLimits{Idle: 30 * time.Minute, Refresh: 720 * time.Hour, MaxAge: 2160 * time.Hour}
	start  = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
)

// bundle is the fakes behind the use cases, with a clock that the test moves.
type bundle struct {
	store    *memory.Store
	sessions *memory.Sessions
	tokens   *memory.Tokens
	hasher   *memory.PasswordHasher
	attempts *memory.Attempts
	wechat   *memory.WeChat
	now      time.Time
	last     atomic.Uint64
}

func setup() *bundle {
	return &bundle{
		store:    memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{}),
		sessions: memory.NewSessions(limits), tokens: memory.NewTokens(), hasher: memory.NewPasswordHasher(1),
		attempts: memory.NewAttempts(), wechat: memory.NewWeChat(app, "wx02"), now: start,
	}
}

func (b *bundle) clock() time.Time { return b.now }

func (b *bundle) newID() (id domain.ID) {
	binary.BigEndian.PutUint64(id[8:], b.last.Add(1))
	return id
}

func (b *bundle) users() *update.Users  { return update.New(b.store, b.clock, b.newID) }
func (b *bundle) ender() *session.Ender { return session.NewEnder(b.users(), b.sessions) }

func (b *bundle) stamp() domain.Stamp {
	return domain.Stamp{ID: domain.EventID{ID: b.newID()}, At: b.now}
}

// put keeps a user and lets a minute pass.
func (b *bundle) put(user *domain.User) domain.UserID {
	b.store.Put(user)
	b.now = b.now.Add(time.Minute)
	return user.ID()
}

// byPassword keeps somebody who signs in by password.
func (b *bundle) byPassword(t *testing.T, name string) domain.UserID {
	t.Helper()
	username, err := domain.NewUsername(name)
	if err != nil {
		t.Fatal(err)
	}
	email, err := domain.NewEmail(name + "@example.com")
	if err != nil {
		t.Fatal(err)
	}
	hash, err := b.hasher.Hash(t.Context(), domain.Password{Secret: domain.NewSecret(oldPassword)})
	if err != nil {
		t.Fatal(err)
	}
	user, _ := domain.RegisterWithPassword(domain.UserID{ID: b.newID()}, username, email, hash, b.stamp())
	return b.put(user)
}

// byWeChat keeps somebody who signs in by WeChat.
func (b *bundle) byWeChat(t *testing.T, openID string) domain.UserID {
	t.Helper()
	open, err := domain.NewOpenID(openID)
	if err != nil {
		t.Fatal(err)
	}
	user, _ := domain.RegisterWithWeChat(domain.UserID{ID: b.newID()}, domain.WeChatIdentity{AppID: app, OpenID: open}, b.stamp())
	return b.put(user)
}

// signIn opens a session and returns who calls by it, and its access token.
func (b *bundle) signIn(t *testing.T, user domain.UserID) (account.Caller, domain.Secret) {
	t.Helper()
	id := domain.SessionID{ID: b.newID()}
	opened := domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: user, UserVersion: b.state(t, user).Version, Roles: []domain.Role{domain.RoleUser},
	}, limits, b.now)
	if _, err := b.sessions.Open(t.Context(), opened, 20); err != nil {
		t.Fatal(err)
	}
	token, err := b.tokens.Issue(domain.Claims{UserID: user, SessionID: id, ExpiresAt: b.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return account.Caller{UserID: user, SessionID: id, IP: "192.0.2.1", RequestID: "req-1"}, token
}

func (b *bundle) state(t *testing.T, id domain.UserID) domain.UserState {
	t.Helper()
	user, err := b.store.ByID(t.Context(), id)
	if err != nil {
		t.Fatalf("load user: %v", err)
	}
	return user.State()
}

func (b *bundle) wantSessions(t *testing.T, user domain.UserID, want ...domain.SessionID) {
	t.Helper()
	var got []domain.SessionID
	for _, state := range b.sessions.Of(user) {
		got = append(got, state.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("sessions of %v: got %v, want %v", user, got, want)
	}
}

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

// wantAudit checks the one entry there should be.
func (b *bundle) wantAudit(t *testing.T, caller account.Caller, action domain.AuditAction, target domain.UserID, detail string) {
	t.Helper()
	entries := b.store.AuditEntries()
	if len(entries) != 1 {
		t.Fatalf("audit log: got %d entries, want 1", len(entries))
	}
	want := domain.AuditEntry{
		ID: entries[0].ID, At: b.now, Actor: domain.Actor{UserID: caller.UserID}, Action: action, Target: target,
		Detail: detail, IP: caller.IP, RequestID: caller.RequestID,
	}
	if entries[0] != want || want.ID.IsZero() {
		t.Errorf("audit entry: got %+v, want %+v", entries[0], want)
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

// wantField checks for a violation of one field.
func wantField(t *testing.T, what string, err error, field string) {
	t.Helper()
	invalid, ok := errors.AsType[*domain.Error](err)
	if !ok || len(invalid.Violations) != 1 || invalid.Violations[0].Field != field {
		t.Errorf("%s: got error %v, want a violation of %s", what, err, field)
	}
}
