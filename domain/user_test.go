package domain_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func stampAt(n byte) domain.Stamp {
	return domain.Stamp{ID: domain.EventID{ID: domain.ID{9, n}}, At: noon.Add(time.Duration(n) * time.Minute)}
}

func register(t *testing.T) (*domain.User, domain.Event) {
	t.Helper()
	return domain.RegisterWithWeChat(domain.UserID{ID: domain.ID{1}}, identity(t, "wx1", "o-1", ""), stampAt(1))
}

func TestRegisteredUser(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	state := user.State()
	if state.Status != domain.StatusActive || !reflect.DeepEqual(state.Roles, []domain.Role{domain.RoleUser}) || state.Version != 1 {
		t.Errorf("state: got %+v, want an active user of version 1", state)
	}
	at := stampAt(1).At
	if len(state.WeChat) != 1 || !state.WeChat[0].LinkedAt.Equal(at) || !state.CreatedAt.Equal(at) || !state.UpdatedAt.Equal(at) {
		t.Errorf("state: got %+v, want everything at %s", state, at)
	}
}

func TestEachChangeMakesTheNextEvent(t *testing.T) {
	t.Parallel()
	user, registered := register(t)
	session := openSession(limits)
	id := session.State().ID
	got := []domain.Event{
		registered,
		user.SignIn(session, domain.MethodWeChat, stampAt(2)),
		user.EndSession(id, domain.EndedByLogout, stampAt(3)),
		user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stampAt(4)),
		user.EndAllSessions(id, domain.EndedByPasswordChange, stampAt(5)),
	}
	for i, want := range []struct {
		eventType domain.EventType
		facts     domain.Facts
	}{
		{domain.EventRegistered, domain.Registered{Method: domain.MethodWeChat, AppID: "wx1"}},
		{domain.EventSignedIn, domain.SignedIn{Method: domain.MethodWeChat, AppID: "wx1", SessionID: id}},
		{domain.EventSessionEnded, domain.SessionEnded{SessionID: id, Reason: domain.EndedByLogout}},
		{domain.EventSessionEnded, domain.SessionEnded{Reason: domain.EndedByLogoutAll}},
		{domain.EventSessionEnded, domain.SessionEnded{Except: id, Reason: domain.EndedByPasswordChange}},
	} {
		stamp := stampAt(byte(i + 1))
		wantEvent := domain.Event{
			ID: stamp.ID, Type: want.eventType, UserID: user.ID(), Version: int64(i + 1), At: stamp.At, Facts: want.facts,
		}
		if got[i] != wantEvent {
			t.Errorf("event %d: got %+v, want %+v", i, got[i], wantEvent)
		}
	}
	if state := user.State(); state.Version != 5 || !state.UpdatedAt.Equal(stampAt(5).At) || !state.CreatedAt.Equal(stampAt(1).At) {
		t.Errorf("state: got %+v, want version 5, updated at %s", state, stampAt(5).At)
	}
}

func TestEveryEventTypeIsListed(t *testing.T) {
	t.Parallel()
	user, registered := register(t)
	other, _ := registerByPassword(t, 2)
	changed, err := other.SetPassword(hashOf("new"), domain.Username{}, stampAt(2))
	if err != nil {
		t.Fatalf("set password: %v", err)
	}
	events := slices.Concat(
		[]domain.Event{
			registered, changed,
			user.SignIn(openSession(limits), domain.MethodWeChat, stampAt(2)),
			user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stampAt(3)),
		},
		user.ChangeProfile(domain.ProfileChange{Nickname: change(nickname(t, "Li"))}, stampAt(4)),
		user.SetRoles([]domain.Role{domain.RoleAdmin}, stampAt(5)), user.Lock(stampAt(6)), user.Unlock(stampAt(7)),
		user.LinkWeChat(identity(t, "wx2", "o-2", ""), stampAt(8)),
		user.BindPhone(phone(t, "+8613812341234"), stampAt(8)), user.UnbindPhone(stampAt(8)),
		[]domain.Event{domain.PushedByWeChat(domain.WeChatPushed{}, stampAt(8))},
	)
	unlinked, err := user.UnlinkWeChat("wx2", stampAt(9))
	if err != nil {
		t.Fatalf("unlink: %v", err)
	}
	_, _, merged, err := domain.Merge(user, other, stampAt(10), stampAt(11))
	if err != nil {
		t.Fatalf("merge: %v", err)
	}
	made := map[domain.EventType]bool{}
	for _, event := range slices.Concat(events, []domain.Event{unlinked}, merged, user.Delete(stampAt(12), stampAt(13))) {
		made[event.Type] = true
	}
	for _, name := range domain.EventTypes() {
		if !made[name] {
			t.Errorf("event type %s: no change makes it", name)
		}
		delete(made, name)
	}
	if len(made) > 0 {
		t.Errorf("event types made and not listed: %v", made)
	}
}

func TestLockedUserMayNotSignIn(t *testing.T) {
	t.Parallel()
	for status, want := range map[domain.Status]error{domain.StatusActive: nil, domain.StatusLocked: domain.ErrAccountLocked} {
		user := domain.RestoreUser(domain.UserState{Status: status})
		if err := user.CheckSignIn(); !errors.Is(err, want) {
			t.Errorf("status %d: got %v, want %v", status, err, want)
		}
	}
}

func TestUserKeepsWhatCallersChange(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	user.Roles()[0] = domain.RoleAdmin
	state := user.State()
	state.Roles[0], state.WeChat[0].AppID, state.Version = domain.RoleAdmin, "wx2", 9
	got := user.State()
	if got.Roles[0] != domain.RoleUser || got.WeChat[0].AppID != "wx1" || got.Version != 1 {
		t.Errorf("state: got %+v, want it as it was", got)
	}
	if diff := domain.RestoreUser(got).State(); !reflect.DeepEqual(diff, got) {
		t.Errorf("restored: got %+v, want %+v", diff, got)
	}
}
