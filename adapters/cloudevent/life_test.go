package cloudevent_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/domain"
)

// life collects events as the domain makes them.
type life struct {
	t      *testing.T
	events []domain.Event
	stamps byte
}

func (l *life) stamp() domain.Stamp {
	l.stamps++
	return domain.Stamp{ID: domain.EventID{ID: domain.ID{7, l.stamps}}, At: at.Add(time.Duration(l.stamps) * time.Second)}
}

func (l *life) happened(events ...domain.Event) {
	l.t.Helper()
	if len(events) == 0 {
		l.t.Error("nothing happened, want an event")
	}
	l.events = append(l.events, events...)
}

// must is for what cannot fail here.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// one makes one event of each kind there is, by whatever in the domain makes events.
func (l *life) one() {
	t := l.t
	identity := domain.WeChatIdentity{AppID: "wx01", OpenID: must(domain.NewOpenID("o-1"))(t)}
	user, registered := domain.RegisterWithWeChat(user, identity, l.stamp())
	l.happened(registered)
	opened := domain.OpenSession(domain.SessionOpening{ID: session, UserID: user.ID(), AppID: "wx01"}, domain.SessionLimits{
		Idle: time.Hour, Refresh: time.Hour, MaxAge: time.Hour,
	}, at)
	l.happened(user.SignIn(opened, domain.MethodWeChat, l.stamp()))
	hash := domain.PasswordHash{Secret: domain.NewSecret("hash")}
	l.happened(must(user.SetPassword(hash, must(domain.NewUsername("lihua"))(t), l.stamp()))(t))
	nickname := must(domain.NewNickname("李华"))(t)
	l.happened(user.ChangeProfile(domain.ProfileChange{Nickname: domain.Change[domain.Nickname]{Given: true, Value: nickname}}, l.stamp())...)
	l.happened(user.BindPhone(must(domain.NewPhone("+8613812341234"))(t), l.stamp())...)
	l.happened(user.BindPhone(must(domain.NewPhone("+8613812341235"))(t), l.stamp())...)
	l.happened(user.UnbindPhone(l.stamp())...)
	second := domain.WeChatIdentity{AppID: "wx02", OpenID: must(domain.NewOpenID("o-2"))(t)}
	l.happened(user.LinkWeChat(second, l.stamp())...)
	l.happened(must(user.UnlinkWeChat("wx02", l.stamp()))(t))
	l.happened(user.SetRoles([]domain.Role{domain.RoleSupport, domain.RoleUser}, l.stamp())...)
	l.happened(user.EndSession(session, domain.EndedByLogout, l.stamp()))
	l.happened(user.EndAllSessions(session, domain.EndedByPasswordChange, l.stamp()))
	l.happened(user.Lock(l.stamp())...)
	l.happened(user.Unlock(l.stamp())...)

	absorbed, registeredToo := domain.RegisterWithPassword(other, must(domain.NewUsername("lihua2"))(t), domain.Email{}, hash, l.stamp())
	l.happened(registeredToo)
	kept, _, events, err := domain.Merge(user, absorbed, l.stamp(), l.stamp())
	if err != nil {
		t.Fatal(err)
	}
	l.happened(events...)
	l.happened(kept.RequestDeletion(at.Add(time.Hour), l.stamp()))
	l.happened(kept.Delete(l.stamp(), l.stamp(), absorbed.ID())...)
	l.happened(domain.PushedByWeChat(domain.WeChatPushed{AppID: "wx01", Name: "news", UserID: kept.ID(), Content: `{}`}, l.stamp()))
}

func TestWhateverTheDomainMakesFitsItsSchema(t *testing.T) {
	t.Parallel()
	l := &life{t: t}
	l.one()
	met := map[domain.EventType]bool{}
	for _, event := range l.events {
		met[event.Type] = true
		message, err := cloudevent.New().Encode(event)
		if err != nil {
			t.Errorf("%s: %v", event.Type, err)
			continue
		}
		if err := compile(t, cloudevent.TypeName(event.Type)).Validate(decode(t, message.Data)); err != nil {
			t.Errorf("%s breaks its schema: %v\n%s", event.Type, err, message.Data)
		}
	}
	for _, kind := range domain.EventTypes() {
		if !met[kind] {
			t.Errorf("no %s among %v", kind, slices.Sorted(maps.Keys(met)))
		}
	}
}
