package personal_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	app      = domain.AppID("wx0123456789abcdef")
	otherApp = domain.AppID("wx02")
)

var (
	limits = domain.SessionLimits{Idle: 30 * time.Minute, Refresh: 720 * time.Hour, MaxAge: 2160 * time.Hour}
	start  = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
)

// bundle is the fakes behind the use cases, with a clock that the test moves.
type bundle struct {
	store    *memory.Store
	sessions *memory.Sessions
	phones   *memory.WeChatPhones
	keys     *memory.WeChatSessionKeys
	data     *memory.WeChatData
	queue    ports.DeletionQueue
	audit    ports.AuditReader
	limiter  *memory.Limiter
	log      *logBuffer
	clock    atomic.Pointer[time.Time]
	last     atomic.Uint64
}

func setup() *bundle {
	b := &bundle{
		store:    memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{}),
		sessions: memory.NewSessions(limits), log: &logBuffer{}, limiter: memory.NewLimiter(),
		phones: memory.NewWeChatPhones(app, otherApp), keys: memory.NewWeChatSessionKeys(app, otherApp), data: memory.NewWeChatData(dataAge),
	}
	b.queue, b.audit = b.store, b.store
	now := start
	b.clock.Store(&now)
	return b
}

func (b *bundle) now() time.Time { return *b.clock.Load() }

func (b *bundle) advance(by time.Duration) {
	now := b.now().Add(by)
	b.clock.Store(&now)
}

func (b *bundle) newID() (id domain.ID) {
	binary.BigEndian.PutUint64(id[8:], b.last.Add(1))
	return id
}

func (b *bundle) random() (random [32]byte) {
	binary.BigEndian.PutUint64(random[:], ^b.last.Add(1))
	return random
}

func (b *bundle) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b.log, nil)) }

func (b *bundle) users() *update.Users  { return update.New(b.store, b.now, b.newID) }
func (b *bundle) ender() *session.Ender { return session.NewEnder(b.users(), b.sessions) }

func (b *bundle) links() *personal.Links {
	return personal.NewLinks(b.store, b.sessions, b.now, []domain.AppID{app, otherApp})
}

func (b *bundle) seals() *personal.Seals {
	return personal.NewSeals(b.sessions, b.keys, b.data, b.now)
}

func (b *bundle) eraser() *personal.Eraser {
	keys := personal.NewKeyReset(b.store, b.sessions, b.keys, b.logger())
	return personal.NewEraser(b.store, b.queue, b.store, b.store, b.audit, b.users(), b.ender(), keys, b.now, b.random, b.logger())
}

func (b *bundle) bindPhone() *personal.BindPhone {
	return personal.NewBindPhone(b.links(), b.phones, b.seals(), b.users())
}

// person is somebody signed in to a mini-program.
type person struct {
	account.Caller
	openID domain.OpenID
	key    domain.SessionKey
}

// signIn registers a person by the openid and opens a session with a session_key that WeChat knows.
func (b *bundle) signIn(t *testing.T, openID string, at domain.AppID) person {
	t.Helper()
	open, err := domain.NewOpenID(openID)
	if err != nil {
		t.Fatal(err)
	}
	stamp := domain.Stamp{ID: domain.EventID{ID: b.newID()}, At: b.now()}
	user, _ := domain.RegisterWithWeChat(domain.UserID{ID: b.newID()}, domain.WeChatIdentity{AppID: at, OpenID: open}, stamp)
	b.store.Put(user)
	p := person{Caller: account.Caller{UserID: user.ID(), IP: "192.0.2.1", RequestID: "req-1"}, openID: open}
	b.open(t, &p, at)
	return p
}

// open opens another session of a person, with a new session_key.
func (b *bundle) open(t *testing.T, p *person, at domain.AppID) {
	t.Helper()
	p.SessionID = domain.SessionID{ID: b.newID()}
	p.key = domain.SessionKey{Secret: domain.NewSecret("key-" + p.SessionID.String())}
	b.keys.Use(at, p.openID, p.key)
	opened := domain.OpenSession(domain.SessionOpening{
		ID: p.SessionID, UserID: p.UserID, UserVersion: b.state(t, *p).Version, AppID: at, SessionKey: p.key, IP: p.IP,
		Roles: []domain.Role{domain.RoleUser},
	}, limits, b.now())
	if _, err := b.sessions.Open(t.Context(), opened, 20); err != nil {
		t.Fatal(err)
	}
	b.advance(time.Minute)
}

// alter changes what the store has of a person, with nobody told.
func (b *bundle) alter(t *testing.T, p person, change func(*domain.UserState)) {
	t.Helper()
	state := b.state(t, p)
	change(&state)
	b.store.Put(domain.RestoreUser(state))
}

func (b *bundle) state(t *testing.T, p person) domain.UserState {
	t.Helper()
	user, err := b.store.ByID(t.Context(), p.UserID)
	if err != nil {
		t.Fatalf("load user: %v", err)
	}
	return user.State()
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

// wantAudit checks what a person is noted to have done to themselves, the oldest first.
func (b *bundle) wantAudit(t *testing.T, p person, want ...domain.AuditEntry) {
	t.Helper()
	entries := b.store.AuditEntries()
	for i := range entries {
		if entries[i].ID.IsZero() || entries[i].At.IsZero() {
			t.Errorf("audit entry %d has no id or instant: %+v", i, entries[i])
		}
		entries[i].ID, entries[i].At = domain.ID{}, time.Time{}
	}
	for i := range want {
		want[i].Actor, want[i].Target = domain.Actor{UserID: p.UserID}, p.UserID
		want[i].IP, want[i].RequestID = p.IP, p.RequestID
	}
	if !slices.Equal(entries, want) {
		t.Errorf("audit log: got %+v, want %+v", entries, want)
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func wantViolation(t *testing.T, what string, err error, field, rule string) {
	t.Helper()
	invalid, ok := errors.AsType[*domain.Error](err)
	if !ok || len(invalid.Violations) != 1 || invalid.Violations[0].Field != field || invalid.Violations[0].Rule != rule {
		t.Errorf("%s: got error %v, want a violation of %s by rule %s", what, err, field, rule)
	}
}

// logBuffer keeps log lines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(line)
}

func (l *logBuffer) contains(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.buf.String(), text)
}

// duringLook lets something happen between the look who is due and its answer.
type duringLook struct {
	ports.DeletionQueue
	happens func()
}

func (d *duringLook) DueForDeletion(ctx context.Context, now time.Time, limit int) ([]domain.UserID, error) {
	ids, err := d.DeletionQueue.DueForDeletion(ctx, now, limit)
	d.happens()
	return ids, err
}
