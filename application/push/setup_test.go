package push_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/push"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	app    = domain.AppID("wx0123456789abcdef")
	openID = "oaKk343WOktAaT2ygsX138BGblrg"
	sender = "oaKk346BaWE-eIn4oSRWbaM9vR7s"
)

var start = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

// bundle is a use case and the fakes behind it.
type bundle struct {
	take   *push.Take
	store  *memory.Store
	eraser *eraser
	log    *strings.Builder // written by one goroutine at a time
	last   atomic.Uint64
}

func setup() *bundle {
	b := &bundle{store: memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{}), log: &strings.Builder{}}
	b.eraser = &eraser{store: b.store, b: b}
	updates := update.New(b.store, b.now, b.newID)
	b.take = push.NewTake(b.store, updates, b.store, b.eraser, slog.New(slog.NewTextHandler(b.log, nil)))
	return b
}

func (b *bundle) now() time.Time { return start }

func (b *bundle) newID() (id domain.ID) {
	binary.BigEndian.PutUint64(id[8:], b.last.Add(1))
	return id
}

// person keeps somebody of whom everything is known.
func (b *bundle) person(t *testing.T, openID string) domain.UserID {
	t.Helper()
	nickname, err := domain.NewNickname("李雷")
	avatar, err2 := domain.NewAvatarURL("https://example.com/a.png")
	email, err3 := domain.NewEmail("lilei@example.com")
	phone, err4 := domain.NewPhone("+8613812345678")
	open, err5 := domain.NewOpenID(openID)
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	id := domain.UserID{ID: b.newID()}
	b.store.Put(domain.RestoreUser(domain.UserState{
		ID: id, Nickname: nickname, AvatarURL: avatar, Email: email, Phone: phone, Status: domain.StatusActive,
		Roles: []domain.Role{domain.RoleUser}, WeChat: []domain.WeChatIdentity{{AppID: app, OpenID: open, LinkedAt: start}},
		Version: 1, CreatedAt: start, UpdatedAt: start,
	}))
	return id
}

func (b *bundle) state(t *testing.T, id domain.UserID) domain.UserState {
	t.Helper()
	user, err := b.store.ByID(t.Context(), id)
	if err != nil {
		t.Fatalf("load user: %v", err)
	}
	return user.State()
}

// known lists what is stored of a person.
func (b *bundle) known(t *testing.T, id domain.UserID) (fields []string) {
	t.Helper()
	state := b.state(t, id)
	for name, given := range map[string]bool{
		"nickname": state.Nickname != domain.Nickname{}, "avatar": state.AvatarURL != domain.AvatarURL{},
		"email": !state.Email.IsZero(), "phone": !state.Phone.IsZero(),
	} {
		if given {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}

func (b *bundle) do(t *testing.T, m push.Message) {
	t.Helper()
	if err := b.take.Do(t.Context(), m); err != nil {
		t.Fatalf("take %s: %v", m.Event, err)
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

// pushed returns the one event there should be.
func (b *bundle) pushed(t *testing.T) domain.WeChatPushed {
	t.Helper()
	events := b.store.Events()
	if len(events) != 1 {
		t.Fatalf("got %d events, want 1", len(events))
	}
	facts, ok := events[0].Facts.(domain.WeChatPushed)
	if !ok {
		t.Fatalf("got %+v, want what WeChat pushed", events[0])
	}
	return facts
}

// message makes the message of an event.
func message(event string) push.Message {
	return push.Message{
		App: app, Named: app, Type: "event", Event: event, OpenID: domain.NewSecret(openID), From: domain.NewSecret(sender),
		CreateTime: "1627359464", Content: map[string]any{"Event": event, "CreateTime": json.Number("1627359464")},
	}
}

func revocation(info string) push.Message {
	m := message("user_authorization_revoke")
	m.RevokeInfo = info
	return m
}

// eraser removes users, and counts how often it is asked to.
type eraser struct {
	store *memory.Store
	b     *bundle

	mu    sync.Mutex
	asked []domain.UserID
	notes []update.Note
	fault error
}

func (e *eraser) Erase(ctx context.Context, id domain.UserID, note *update.Note) error {
	e.mu.Lock()
	e.asked, e.notes = append(e.asked, id), append(e.notes, *note)
	fault := e.fault
	e.mu.Unlock()
	if fault != nil {
		return fault
	}
	return e.store.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, id)
		if errors.Is(err, domain.ErrUserNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		ended := domain.Stamp{ID: domain.EventID{ID: e.b.newID()}, At: start}
		deleted := domain.Stamp{ID: domain.EventID{ID: e.b.newID()}, At: start}
		if err := tx.Outbox().Append(ctx, user.Delete(ended, deleted)...); err != nil {
			return err
		}
		return tx.Users().Remove(ctx, id)
	})
}
