package domain_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func hashOf(text string) domain.PasswordHash {
	return domain.PasswordHash{Secret: domain.NewSecret("hash of " + text)}
}

func username(t *testing.T, text string) domain.Username {
	t.Helper()
	name, err := domain.NewUsername(text)
	if err != nil {
		t.Fatalf("username: %v", err)
	}
	return name
}

func nickname(t *testing.T, text string) domain.Nickname {
	t.Helper()
	name, err := domain.NewNickname(text)
	if err != nil {
		t.Fatalf("nickname: %v", err)
	}
	return name
}

func change[V any](value V) domain.Change[V] { return domain.Change[V]{Given: true, Value: value} }

// registerByPassword makes a user registered n minutes after noon.
func registerByPassword(t *testing.T, n byte) (*domain.User, domain.Event) {
	t.Helper()
	email, err := domain.NewEmail("li@example.com")
	if err != nil {
		t.Fatalf("e-mail: %v", err)
	}
	return domain.RegisterWithPassword(domain.UserID{ID: domain.ID{n}}, username(t, "li.lei"), email, hashOf("old"), stampAt(n))
}

func wantViolation(t *testing.T, err error, field, rule string) {
	t.Helper()
	invalid, ok := errors.AsType[*domain.Error](err)
	if !ok || len(invalid.Violations) != 1 || invalid.Violations[0].Field != field || invalid.Violations[0].Rule != rule {
		t.Errorf("got error %v, want a violation of %s by rule %s", err, field, rule)
	}
}

// wantOne checks for one event of these facts, which is the user's newest.
func wantOne(t *testing.T, user *domain.User, events []domain.Event, want domain.Facts) {
	t.Helper()
	if len(events) != 1 || events[0].Facts != want || events[0].Version != user.State().Version || events[0].UserID != user.ID() {
		t.Errorf("events: got %+v, want %+v of version %d", events, want, user.State().Version)
	}
}

func wantNone(t *testing.T, user *domain.User, events []domain.Event, version int64) {
	t.Helper()
	if len(events) != 0 || user.State().Version != version {
		t.Errorf("got events %+v and version %d, want none and %d", events, user.State().Version, version)
	}
}

func TestUserRegisteredByPassword(t *testing.T) {
	t.Parallel()
	user, registered := registerByPassword(t, 1)
	state := user.State()
	if state.Username.String() != "li.lei" || state.Email.Reveal() != "li@example.com" || !state.PasswordHash.Equal(hashOf("old").Secret) ||
		state.Status != domain.StatusActive || len(state.WeChat) != 0 || !slices.Equal(state.Roles, []domain.Role{domain.RoleUser}) {
		t.Errorf("state: got %+v", state)
	}
	wantOne(t, user, []domain.Event{registered}, domain.Registered{Method: domain.MethodPassword})
}

func TestProfileChanges(t *testing.T) {
	t.Parallel()
	user, _ := registerByPassword(t, 1)
	avatar, err := domain.NewAvatarURL("https://example.com/a.png")
	if err != nil {
		t.Fatalf("avatar: %v", err)
	}
	li := nickname(t, "Li")
	wantNone(t, user, user.ChangeProfile(domain.ProfileChange{}, stampAt(2)), 1)
	same := domain.ProfileChange{Email: change(user.State().Email), Nickname: change(domain.Nickname{})}
	wantNone(t, user, user.ChangeProfile(same, stampAt(2)), 1)

	all := domain.ProfileChange{Nickname: change(li), AvatarURL: change(avatar), Email: change(domain.Email{})}
	wantOne(t, user, user.ChangeProfile(all, stampAt(2)), domain.ProfileUpdated{Fields: "nickname,avatar_url,email"})
	if state := user.State(); state.Nickname != li || state.AvatarURL != avatar || !state.Email.IsZero() {
		t.Errorf("state: got %+v", state)
	}
	wantOne(t, user, user.ChangeProfile(domain.ProfileChange{AvatarURL: change(domain.AvatarURL{})}, stampAt(3)), domain.ProfileUpdated{Fields: "avatar_url"})
	if state := user.State(); state.Nickname != li || state.AvatarURL != (domain.AvatarURL{}) {
		t.Errorf("state: got %+v, want the avatar gone and the nickname kept", state)
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	before := user.State()
	_, err := user.SetPassword(hashOf("new"), domain.Username{}, stampAt(2))
	wantViolation(t, err, "username", "required")
	if !reflect.DeepEqual(user.State(), before) {
		t.Errorf("a refused password changed the user: got %+v, want %+v", user.State(), before)
	}
	for i, name := range []string{"first", "other"} { // the first name stays
		event, err := user.SetPassword(hashOf(name), username(t, name), stampAt(2))
		if err != nil {
			t.Fatalf("password %d: %v", i, err)
		}
		wantOne(t, user, []domain.Event{event}, domain.PasswordChanged{})
		if state := user.State(); state.Username.String() != "first" || !state.PasswordHash.Equal(hashOf(name).Secret) {
			t.Errorf("password %d: got %+v", i, state)
		}
	}
}

func TestRehashIsNoChange(t *testing.T) {
	t.Parallel()
	user, _ := registerByPassword(t, 1)
	user.Rehash(hashOf("slower"))
	if state := user.State(); !state.PasswordHash.Equal(hashOf("slower").Secret) || state.Version != 1 || !state.UpdatedAt.Equal(stampAt(1).At) {
		t.Errorf("state: got %+v, want the hash alone to differ", state)
	}
}

func TestLockAndUnlock(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	wantNone(t, user, user.Unlock(stampAt(2)), 1)
	wantOne(t, user, user.Lock(stampAt(2)), domain.Locked{})
	wantNone(t, user, user.Lock(stampAt(3)), 2)
	if err := user.CheckSignIn(); !errors.Is(err, domain.ErrAccountLocked) {
		t.Errorf("locked: got %v, want %v", err, domain.ErrAccountLocked)
	}
	wantOne(t, user, user.Unlock(stampAt(3)), domain.Unlocked{})
	if err := user.CheckSignIn(); err != nil {
		t.Errorf("unlocked: %v", err)
	}
}

func TestSetRoles(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	wantNone(t, user, user.SetRoles(nil, stampAt(2)), 1)
	given := []domain.Role{domain.RoleSupport, domain.RoleAdmin, domain.RoleSupport}
	wantOne(t, user, user.SetRoles(given, stampAt(2)), domain.RolesChanged{Roles: "admin,support,user"})
	if !slices.Equal(given, []domain.Role{domain.RoleSupport, domain.RoleAdmin, domain.RoleSupport}) {
		t.Errorf("the caller's roles: got %v, want them untouched", given)
	}
	wantNone(t, user, user.SetRoles([]domain.Role{domain.RoleUser, domain.RoleAdmin, domain.RoleSupport}, stampAt(3)), 2)
	wantOne(t, user, user.SetRoles([]domain.Role{}, stampAt(3)), domain.RolesChanged{Roles: "user"})
}
