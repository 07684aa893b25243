package httpapi_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/menjin-id/menjin/domain"
)

func TestUserInfoOfANewcomerHasNullsForWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	want := map[string]any{
		"id": data.User.ID, "username": nil, "nickname": nil, "avatar_url": nil, "email": nil, "phone": nil,
		"roles": []any{"user"}, "status": 1.0, "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z",
		"wechat": []any{map[string]any{"app_id": string(app), "linked_at": "2026-11-22T08:00:00Z"}},
	}
	if diff := cmp.Diff(want, s.userInfo(t, data.Token)); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
}

func TestUserInfoMasksWhatIdentifiesAPerson(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	id, _ := domain.ParseUserID(data.User.ID)
	user, err := s.store.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	state := user.State()
	state.Username, _ = domain.NewUsername("lihua")
	state.Nickname, _ = domain.NewNickname("李华 <b>")
	state.AvatarURL, _ = domain.NewAvatarURL("https://example.com/a?b=1&c=2")
	state.Email, _ = domain.NewEmail("alice@example.com")
	state.Phone, _ = domain.NewPhone("+8613812341234")
	state.Roles = []domain.Role{domain.RoleUser, domain.RoleAdmin}
	state.UpdatedAt = time.Date(2026, 11, 22, 17, 30, 0, 123000, time.FixedZone("CST", 8*3600))
	state.WeChat = nil
	s.store.Put(domain.RestoreUser(state))
	want := map[string]any{
		"id": data.User.ID, "username": "lihua", "nickname": "李华 <b>", "avatar_url": "https://example.com/a?b=1&c=2",
		"email": "a***@example.com", "phone": "138****1234", "roles": []any{"user", "admin"}, "status": 1.0,
		"created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T09:30:00.000123Z", "wechat": []any{},
	}
	if diff := cmp.Diff(want, s.userInfo(t, data.Token)); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
}

func TestUserInfoOfAnAccountThatIsGoneEndsTheSession(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	s.reader.failWith(domain.ErrUserNotFound)
	s.do(t, "GET", "/api/user/info", "", as(token)).want(t, 401, "SESSION_ENDED")
}

func (s *service) userInfo(t *testing.T, token string) map[string]any {
	t.Helper()
	reply := s.do(t, "GET", "/api/user/info", "", as(token))
	var envelope struct{ Data map[string]any }
	if err := json.Unmarshal(reply.body, &envelope); err != nil || reply.status != 200 {
		t.Fatalf("got %d %s", reply.status, reply.body)
	}
	return envelope.Data
}
