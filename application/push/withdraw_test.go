package push_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/application/push"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

func TestRevocationClearsWhatItNames(t *testing.T) {
	t.Parallel()
	tests := []struct{ info, kept string }{
		{"6", "email phone"},
		{"19", "email phone"},
		{"20", "email phone"},
		{"8", "avatar email nickname"},
		{"16", "avatar nickname phone"},
		{"301", ""},
		{"1,2,301", ""},
		{" 8 , 16 ", "avatar nickname"},
		{"8 6\n20", "email"},
		{"8,8", "avatar email nickname"},
		{"", "avatar email nickname phone"},
		{"201", "avatar email nickname phone"},
		{"86", "avatar email nickname phone"},
		{"-8", "avatar email nickname phone"},
		{"3010", "avatar email nickname phone"},
	}
	for _, test := range tests {
		t.Run(test.info, func(t *testing.T) {
			t.Parallel()
			b := setup()
			id := b.person(t, openID)
			b.do(t, revocation(test.info))
			if got := strings.Join(b.known(t, id), " "); got != test.kept {
				t.Errorf("kept: got %q, want %q", got, test.kept)
			}
		})
	}
}

func TestRevocationIsToldAndNotedOnce(t *testing.T) {
	t.Parallel()
	b := setup()
	id := b.person(t, openID)
	for range 3 {
		b.do(t, revocation("301"))
	}
	b.wantEvents(t, domain.ProfileUpdated{Fields: "nickname,avatar_url,email"}, domain.PhoneUnbound{})
	entries := b.store.AuditEntries()
	if len(entries) != 1 {
		t.Fatalf("audit log: got %d entries, want 1", len(entries))
	}
	want := domain.AuditEntry{
		ID: entries[0].ID, At: start, Actor: domain.Actor{UserID: id}, Action: domain.AuditWithdraw, Target: id,
		Detail: "user_authorization_revoke",
	}
	if entries[0] != want {
		t.Errorf("audit entry: got %+v, want %+v", entries[0], want)
	}
}

func TestRevocationsOfOneSecondAreDistinct(t *testing.T) {
	t.Parallel()
	b := setup()
	id := b.person(t, openID)
	b.do(t, revocation("8"))
	b.do(t, revocation("6"))
	if got := b.known(t, id); !slices.Equal(got, []string{"email"}) {
		t.Errorf("kept: got %v, want the e-mail address", got)
	}
}

func TestCleanedProfileIsClearedAgainAfterIt(t *testing.T) {
	t.Parallel()
	b := setup()
	id := b.person(t, openID)
	b.do(t, message(" User_Info_Modified "))
	if got := b.known(t, id); !slices.Equal(got, []string{"email", "phone"}) {
		t.Errorf("kept: got %v, want e-mail and phone", got)
	}
	nickname, err := domain.NewNickname("韩梅梅")
	if err != nil {
		t.Fatal(err)
	}
	state := b.state(t, id)
	state.Nickname = nickname
	b.store.Put(domain.RestoreUser(state))
	b.do(t, message("user_info_modified"))
	if got := b.state(t, id).Nickname; got != nickname {
		t.Errorf("nickname after the message came again: got %q, want the one chosen since", got)
	}
	later := message("user_info_modified")
	later.CreateTime = "1627359465"
	b.do(t, later)
	if got := b.state(t, id).Nickname; got != (domain.Nickname{}) {
		t.Errorf("nickname after a later message: got %q, want none", got)
	}
}

func TestMessageWithoutOpenIDChangesNothing(t *testing.T) {
	t.Parallel()
	for _, event := range []string{"user_authorization_revoke", "user_authorization_cancellation", "user_info_modified"} {
		for what, id := range map[string]domain.Secret{"none": {}, "no openid": domain.NewSecret("a b")} {
			t.Run(event+", "+what, func(t *testing.T) {
				t.Parallel()
				b := setup()
				user := b.person(t, sender) // also the sender of the message
				m := message(event)
				m.OpenID, m.RevokeInfo = id, "301"
				b.do(t, m)
				b.wantEvents(t)
				if got := b.known(t, user); len(got) != 4 || len(b.eraser.asked) != 0 || len(b.store.AuditEntries()) != 0 {
					t.Errorf("known: got %v, %d erased, want everything as it was", got, len(b.eraser.asked))
				}
				if log := b.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "event="+event) {
					t.Errorf("log: got %q, want a warning that names the event", log)
				}
			})
		}
	}
}

func TestOpenIDOfNobodyIsNoError(t *testing.T) {
	t.Parallel()
	b := setup()
	other := b.person(t, "o-other")
	elsewhere := revocation("301")
	elsewhere.App, elsewhere.Named, elsewhere.OpenID = "wx02", "", domain.NewSecret("o-other")
	for _, m := range []push.Message{revocation("301"), message("user_authorization_cancellation"), elsewhere} {
		b.do(t, m)
	}
	b.wantEvents(t)
	if got := b.known(t, other); len(got) != 4 {
		t.Errorf("somebody else: got %v, want everything as it was", got)
	}
}

func TestMessageOfAnotherMiniProgramIsRefused(t *testing.T) {
	t.Parallel()
	b := setup()
	id := b.person(t, openID)
	m := revocation("301")
	m.Named = "wx02"
	if err := b.take.Do(t.Context(), m); !errors.Is(err, push.ErrForeign) {
		t.Errorf("got %v, want %v", err, push.ErrForeign)
	}
	if got := b.known(t, id); len(got) != 4 {
		t.Errorf("known: got %v, want everything as it was", got)
	}
}

func TestFailedRevocationIsTakenTheNextTime(t *testing.T) {
	t.Parallel()
	b := setup()
	id := b.person(t, openID)
	b.store.Break(domain.ErrUnavailable)
	if err := b.take.Do(t.Context(), revocation("301")); err == nil {
		t.Error("without a store: got no error")
	}
	b.store.Break(nil)
	b.do(t, revocation("301"))
	if got := b.known(t, id); len(got) != 0 {
		t.Errorf("known: got %v, want nothing", got)
	}
}

// moving hands an openid to somebody else between the look-up and the change.
type moving struct {
	*bundle
	once sync.Once
}

func (m *moving) ByID(ctx context.Context, id domain.UserID) (*domain.User, error) {
	return m.store.ByID(ctx, id)
}

func (m *moving) ByWeChat(ctx context.Context, app domain.AppID, id domain.OpenID) (*domain.User, error) {
	user, err := m.store.ByWeChat(ctx, app, id)
	m.once.Do(func() {
		state := user.State()
		identities := state.WeChat
		state.WeChat = nil
		m.store.Put(domain.RestoreUser(state))
		m.store.Put(domain.RestoreUser(domain.UserState{
			ID: domain.UserID{ID: domain.ID{9}}, Nickname: state.Nickname, Status: domain.StatusActive, WeChat: identities, Version: 1,
		}))
	})
	return user, err
}

func TestRevocationFollowsAnOpenIDThatMoves(t *testing.T) {
	t.Parallel()
	b := setup()
	before := b.person(t, openID)
	users := &moving{bundle: b}
	take := push.NewTake(b.store, update.New(b.store, b.now, b.newID), users, b.eraser, nil)
	if err := take.Do(t.Context(), revocation("6")); err != nil {
		t.Fatalf("take: %v", err)
	}
	if got := b.known(t, before); len(got) != 4 {
		t.Errorf("who had the openid: got %v, want everything as it was", got)
	}
	if got := b.known(t, domain.UserID{ID: domain.ID{9}}); len(got) != 0 {
		t.Errorf("who has it: got %v, want no nickname", got)
	}
}
