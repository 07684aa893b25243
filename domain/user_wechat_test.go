package domain_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func identity(t *testing.T, app domain.AppID, openID, unionID string) domain.WeChatIdentity {
	t.Helper()
	open, err := domain.NewOpenID(openID)
	if err != nil {
		t.Fatalf("openid: %v", err)
	}
	union, err := domain.NewUnionID(unionID)
	if err != nil {
		t.Fatalf("unionid: %v", err)
	}
	return domain.WeChatIdentity{AppID: app, OpenID: open, UnionID: union}
}

func TestLinkWeChat(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	wantNone(t, user, user.LinkWeChat(identity(t, "wx1", "o-1", ""), stampAt(2)), 1)
	wantNone(t, user, user.LinkWeChat(identity(t, "wx1", "o-1", "u-1"), stampAt(2)), 1)
	if got := user.State().WeChat[0].UnionID.Reveal(); got != "u-1" {
		t.Errorf("unionid: got %q, want the one linked with", got)
	}
	for n, linked := range []domain.WeChatIdentity{identity(t, "wx2", "o-1", ""), identity(t, "wx1", "o-2", "u-1")} {
		stamp := stampAt(byte(n + 2))
		wantOne(t, user, user.LinkWeChat(linked, stamp), domain.WeChatLinked{AppID: linked.AppID})
		if got := user.State().WeChat[n+1]; !got.OpenID.Equal(linked.OpenID.Secret) || !got.LinkedAt.Equal(stamp.At) {
			t.Errorf("identity: got %+v, want it linked at %s", got, stamp.At)
		}
	}
}

func TestUnlinkWeChat(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	if _, err := user.UnlinkWeChat("wx2", stampAt(2)); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("not linked: got %v, want %v", err, domain.ErrNotFound)
	}
	user.LinkWeChat(identity(t, "wx1", "o-2", ""), stampAt(2))
	if _, err := user.UnlinkWeChat("wx1", stampAt(3)); !errors.Is(err, domain.ErrLastCredential) {
		t.Errorf("both of the only mini-program: got %v, want %v", err, domain.ErrLastCredential)
	}
	if state := user.State(); len(state.WeChat) != 2 || state.Version != 2 {
		t.Errorf("state: got %+v, want it as it was", state)
	}
	user.LinkWeChat(identity(t, "wx2", "o-3", ""), stampAt(3))
	event, err := user.UnlinkWeChat("wx1", stampAt(4))
	if err != nil {
		t.Fatalf("unlink: %v", err)
	}
	wantOne(t, user, []domain.Event{event}, domain.WeChatUnlinked{AppID: "wx1"})
	if _, err := user.UnlinkWeChat("wx2", stampAt(5)); !errors.Is(err, domain.ErrLastCredential) {
		t.Errorf("the last: got %v, want %v", err, domain.ErrLastCredential)
	}
	if _, err := user.SetPassword(hashOf("new"), username(t, "li.lei"), stampAt(5)); err != nil {
		t.Fatalf("set password: %v", err)
	}
	if _, err := user.UnlinkWeChat("wx2", stampAt(6)); err != nil || len(user.State().WeChat) != 0 {
		t.Errorf("the last beside a password: %v", err)
	}
}

func TestLearnUnionID(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	for _, c := range []struct {
		name  string
		given domain.WeChatIdentity
		news  bool
		kept  string
	}{
		{"none given", identity(t, "wx1", "o-1", ""), false, ""},
		{"of another openid", identity(t, "wx1", "o-2", "u-2"), false, ""},
		{"of another mini-program", identity(t, "wx2", "o-1", "u-2"), false, ""},
		{"late", identity(t, "wx1", "o-1", "u-1"), true, "u-1"},
		{"the same", identity(t, "wx1", "o-1", "u-1"), false, "u-1"},
		{"none any more", identity(t, "wx1", "o-1", ""), false, "u-1"},
		{"anew", identity(t, "wx1", "o-1", "u-9"), true, "u-9"},
	} {
		if got := user.NeedsUnionID(c.given); got != c.news {
			t.Errorf("%s: needed %t, want %t", c.name, got, c.news)
		}
		if got := user.LearnUnionID(c.given); got != c.news {
			t.Errorf("%s: learnt %t, want %t", c.name, got, c.news)
		}
		if got := user.State(); got.WeChat[0].UnionID.Reveal() != c.kept || got.Version != 1 {
			t.Errorf("%s: got %q, version %d, want %q without an event", c.name, got.WeChat[0].UnionID.Reveal(), got.Version, c.kept)
		}
	}
}

func TestMergeInEitherOrder(t *testing.T) {
	t.Parallel()
	for _, reversed := range []bool{false, true} {
		older, _ := register(t)
		younger, _ := registerByPassword(t, 3)
		younger.LinkWeChat(identity(t, "wx2", "o-2", ""), stampAt(4))
		younger.ChangeProfile(domain.ProfileChange{Nickname: change(nickname(t, "Li"))}, stampAt(5))
		younger.SetRoles([]domain.Role{domain.RoleAdmin}, stampAt(6))
		a, b := older, younger
		if reversed {
			a, b = b, a
		}
		kept, absorbed, events, err := domain.Merge(a, b, stampAt(7), stampAt(8))
		if err != nil || kept != older || absorbed != younger {
			t.Fatalf("merge: got %v and %v (%v), want the older kept", kept, absorbed, err)
		}
		facts := domain.Merged{Kept: older.ID(), Absorbed: younger.ID()}
		if len(events) != 2 {
			t.Fatalf("events: got %d, want 2", len(events))
		}
		wantOne(t, older, events[:1], facts)
		wantOne(t, younger, events[1:], facts)
		state, rest := kept.State(), absorbed.State()
		if len(state.WeChat) != 2 || state.Username.String() != "li.lei" || state.PasswordHash.IsZero() || state.Email.IsZero() ||
			state.Nickname.String() != "Li" || len(state.Roles) != 1 {
			t.Errorf("kept: got %+v, want what both had, and no roles of the other", state)
		}
		if len(rest.WeChat) != 0 || rest.Username != (domain.Username{}) || !rest.PasswordHash.IsZero() || !rest.Email.IsZero() {
			t.Errorf("absorbed: got %+v, want nothing that must be one user's", rest)
		}
	}
}

func TestMergeKeepsWhatTheOlderHas(t *testing.T) {
	t.Parallel()
	phone := domain.Phone{Secret: domain.NewSecret("+8613800138000")}
	older, _ := registerByPassword(t, 1)
	state := older.State()
	state.ID, state.Username, state.PasswordHash = domain.UserID{ID: domain.ID{9}}, username(t, "other"), hashOf("other")
	state.CreatedAt, state.Nickname, state.Phone = state.CreatedAt.AddDate(0, 0, 1), nickname(t, "Han"), phone
	state.WeChat = []domain.WeChatIdentity{identity(t, "wx1", "o-1", "")}
	before := older.State()
	kept, _, _, err := domain.Merge(domain.RestoreUser(state), older, stampAt(7), stampAt(8))
	if err != nil {
		t.Fatalf("merge: %v", err)
	}
	got := kept.State()
	if got.ID != before.ID || got.Username != before.Username || !got.PasswordHash.Equal(before.PasswordHash.Secret) || !got.Email.Equal(before.Email.Secret) {
		t.Errorf("kept: got %+v, want name, password and e-mail of the older", got)
	}
	if got.Nickname.String() != "Han" || !got.Phone.Equal(phone.Secret) || len(got.WeChat) != 1 {
		t.Errorf("kept: got %+v, want what the older had not", got)
	}
}

func TestMergeLeavesAloneWhoAskedToBeDeleted(t *testing.T) {
	t.Parallel()
	asked, _ := register(t)
	asked.RequestDeletion(stampAt(9).At, stampAt(2))
	other, _ := registerByPassword(t, 3)
	before := asked.State()
	for _, pair := range [][2]*domain.User{{asked, other}, {other, asked}} {
		_, _, _, err := domain.Merge(pair[0], pair[1], stampAt(4), stampAt(5))
		wantViolation(t, err, "token", "enum")
	}
	if !reflect.DeepEqual(asked.State(), before) || other.State().Version != 1 {
		t.Errorf("got %+v and %+v, want both as they were", asked.State(), other.State())
	}
}

func TestMergeIsRefused(t *testing.T) {
	t.Parallel()
	user, _ := register(t)
	locked, _ := registerByPassword(t, 3)
	locked.Lock(stampAt(4))
	_, _, _, err := domain.Merge(user, user, stampAt(5), stampAt(6))
	wantViolation(t, err, "token", "same")
	before := user.State()
	for _, pair := range [][2]*domain.User{{user, locked}, {locked, user}} {
		if _, _, _, err := domain.Merge(pair[0], pair[1], stampAt(5), stampAt(6)); !errors.Is(err, domain.ErrAccountLocked) {
			t.Errorf("with a locked user: got %v, want %v", err, domain.ErrAccountLocked)
		}
	}
	if !reflect.DeepEqual(user.State(), before) {
		t.Errorf("a refused merge changed the user: got %+v, want %+v", user.State(), before)
	}
}
