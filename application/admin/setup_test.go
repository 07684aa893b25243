package admin_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

var (
	limits = domain.SessionLimits{Idle: 30 * time.Minute, Refresh: 720 * time.Hour, MaxAge: 2160 * time.Hour}
	start  = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
)

// bundle is every use case of administrators on fakes, a user, a supporter and an administrator, each signed in.
type bundle struct {
	store    *memory.Store
	sessions *memory.Sessions
	last     uint64

	lock   *admin.Lock
	roles  *admin.Roles
	shown  *admin.Users
	ended  *admin.Sessions
	create *admin.Create
	merge  *admin.Merge
	audit  *admin.Audit

	user, support, boss, operator admin.Actor
}

func (b *bundle) newID() (id domain.ID) {
	b.last++
	binary.BigEndian.PutUint64(id[8:], b.last)
	return id
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{
		store:    memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{}),
		sessions: memory.NewSessions(limits), operator: admin.Actor{Operator: true},
	}
	clock := func() time.Time { return start }
	users := update.New(b.store, clock, b.newID)
	ender := session.NewEnder(users, b.sessions)
	b.lock, b.roles, b.shown = admin.NewLock(users, ender), admin.NewRoles(users, b.sessions), admin.NewUsers(b.store, b.store)
	b.ended = admin.NewSessions(b.shown, session.NewList(b.sessions, clock), ender)
	b.create = admin.NewCreate(signin.NewCreator(b.store, memory.NewPasswordHasher(1), b.store, users, b.newID))
	b.merge, b.audit = admin.NewMerge(account.NewMerger(b.store, users, ender)), admin.NewAudit(b.store)
	b.user, b.support, b.boss = b.actor(t, "user"), b.actor(t, "support", domain.RoleSupport), b.actor(t, "boss", domain.RoleAdmin)
	return b
}

// actor keeps somebody with roles, signed in.
func (b *bundle) actor(t *testing.T, name string, roles ...domain.Role) admin.Actor {
	t.Helper()
	username, err := domain.NewUsername(name)
	if err != nil {
		t.Fatal(err)
	}
	stamp := domain.Stamp{At: start.Add(-time.Hour + time.Duration(b.last)*time.Second)}
	user, _ := domain.RegisterWithPassword(domain.UserID{ID: b.newID()}, username, domain.Email{}, domain.PasswordHash{}, stamp)
	user.SetRoles(roles, stamp)
	b.store.Put(user)
	opened := domain.OpenSession(domain.SessionOpening{
		ID: domain.SessionID{ID: b.newID()}, UserID: user.ID(), UserVersion: user.State().Version, Roles: user.Roles(),
	}, limits, start)
	if _, err := b.sessions.Open(t.Context(), opened, 20); err != nil {
		t.Fatal(err)
	}
	return admin.Actor{UserID: user.ID(), Roles: user.Roles(), IP: "192.0.2.1", RequestID: "req-" + name}
}

func (b *bundle) state(t *testing.T, id domain.UserID) domain.UserState {
	t.Helper()
	user, err := b.store.ByID(t.Context(), id)
	if err != nil {
		t.Fatalf("load user: %v", err)
	}
	return user.State()
}

func (b *bundle) wantSessions(t *testing.T, user domain.UserID, want int) {
	t.Helper()
	if got := len(b.sessions.Of(user)); got != want {
		t.Errorf("sessions of %v: got %d, want %d", user, got, want)
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

// wantAudit checks the last entry, and how many there are.
func (b *bundle) wantAudit(t *testing.T, count int, actor admin.Actor, action domain.AuditAction, target domain.UserID, detail string) {
	t.Helper()
	entries := b.store.AuditEntries()
	if len(entries) != count {
		t.Fatalf("audit log: got %d entries, want %d", len(entries), count)
	}
	got := entries[count-1]
	want := domain.AuditEntry{
		ID: got.ID, At: start, Actor: domain.Actor{UserID: actor.UserID}, Action: action, Target: target,
		Detail: detail, IP: actor.IP, RequestID: actor.RequestID,
	}
	if got != want {
		t.Errorf("audit entry: got %+v, want %+v", got, want)
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}
