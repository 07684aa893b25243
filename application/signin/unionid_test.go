package signin_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// login signs a person in to a mini-program, with a unionid where there is one.
func (b *bundle) login(t *testing.T, app domain.AppID, openID, unionID string) signin.Result {
	t.Helper()
	open, err := domain.NewOpenID(openID)
	if err != nil {
		t.Fatal(err)
	}
	union, err := domain.NewUnionID(unionID)
	if err != nil {
		t.Fatal(err)
	}
	b.advance(time.Minute)
	code := string(app) + b.now().String()
	b.wechat.Grant(code, ports.WeChatLogin{OpenID: open, UnionID: union})
	wish := in(code)
	wish.AppID = app
	got, err := b.signIn.Do(t.Context(), wish)
	if err != nil {
		t.Fatalf("sign in to %s as %s: %v", app, openID, err)
	}
	return got
}

func wantSame(t *testing.T, got, want signin.Result) {
	t.Helper()
	if got.IsNewUser || got.User.ID() != want.User.ID() {
		t.Errorf("got user %v, new %t, want the known %v", got.User.ID(), got.IsNewUser, want.User.ID())
	}
}

func TestPersonIsRecognisedInAnotherMiniProgram(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	first := b.login(t, app, "o-1", "u-alice")
	wantSame(t, b.login(t, "wx02", "o-2", "u-alice"), first)
	wantSame(t, b.login(t, "wx02", "o-2", "u-alice"), first)
	wantSame(t, b.login(t, "wx02", "o-2", ""), first)
	b.wantEvents(t, domain.Registered{Method: domain.MethodWeChat, AppID: app}, domain.WeChatLinked{AppID: "wx02"})
	if got := b.state(t, first.User.ID()).WeChat; len(got) != 2 || got[1].UnionID.Reveal() != "u-alice" {
		t.Errorf("got identities %+v, want two", got)
	}
}

func TestAnotherUnionIDIsAnotherPerson(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	first := b.login(t, app, "o-1", "u-alice")
	if got := b.login(t, "wx02", "o-1", "u-bob"); !got.IsNewUser || got.User.ID() == first.User.ID() {
		t.Errorf("got user %v, new %t, want another than %v", got.User.ID(), got.IsNewUser, first.User.ID())
	}
}

func TestLateUnionIDIsKeptWithoutAnEvent(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	first := b.login(t, app, "o-1", "")
	wantSame(t, b.login(t, app, "o-1", "u-alice"), first)
	b.wantEvents(t, domain.Registered{Method: domain.MethodWeChat, AppID: app})
	wantSame(t, b.login(t, "wx02", "o-2", "u-alice"), first)
	b.wantEvents(t, domain.Registered{Method: domain.MethodWeChat, AppID: app}, domain.WeChatLinked{AppID: "wx02"})
}

func TestLateUnionIDOfTwoAccountsJoinsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	first, second := b.login(t, app, "o-1", ""), b.login(t, "wx02", "o-2", "")
	if first.User.ID() == second.User.ID() {
		t.Fatal("two openids without a unionid made one account")
	}
	wantSame(t, b.login(t, app, "o-1", "u-alice"), first)
	wantSame(t, b.login(t, "wx02", "o-2", "u-alice"), second)
	wantSame(t, b.login(t, "wx03", "o-3", "u-alice"), first) // the account registered first
	b.wantEvents(t,
		domain.Registered{Method: domain.MethodWeChat, AppID: app}, domain.Registered{Method: domain.MethodWeChat, AppID: "wx02"},
		domain.WeChatLinked{AppID: "wx03"})
}

func TestChangedUnionIDReplacesTheOldOne(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	first := b.login(t, app, "o-1", "u-old")
	wantSame(t, b.login(t, app, "o-1", "u-new"), first)
	if got := b.login(t, "wx02", "o-2", "u-old"); !got.IsNewUser {
		t.Error("the old unionid is still alice's")
	}
	wantSame(t, b.login(t, "wx03", "o-3", "u-new"), first)
}

// hookedFinder lets something happen between a look by unionid and what follows from it.
type hookedFinder struct {
	ports.UserFinder
	b *bundle
}

func (f hookedFinder) ByUnionID(ctx context.Context, unionID domain.UnionID) ([]*domain.User, error) {
	users, err := f.UserFinder.ByUnionID(ctx, unionID)
	if f.b.looked != nil {
		f.b.looked()
	}
	return users, err
}

func TestFirstLoginsAtSeveralMiniProgramsAtOnceMakeOneUser(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	apps := []domain.AppID{app, "wx02", "wx03"}
	const times = 4
	var looking sync.WaitGroup // none of them finds anybody before all have looked
	var looks atomic.Int32
	looking.Add(times * len(apps))
	b.looked = func() {
		if int(looks.Add(1)) <= times*len(apps) {
			looking.Done()
			looking.Wait()
		}
	}
	results := make([]signin.Result, times*len(apps))
	var signingIn sync.WaitGroup
	for i := range results {
		wish := b.wishTo(t, apps[i%len(apps)], fmt.Sprint("code-", i))
		signingIn.Go(func() {
			var err error
			if results[i], err = b.signIn.Do(t.Context(), wish); err != nil {
				t.Errorf("sign in to %s: %v", wish.AppID, err)
			}
		})
	}
	signingIn.Wait()
	users, fresh := map[domain.UserID]bool{}, 0
	for _, result := range results {
		users[result.UserID] = true
		if result.IsNewUser {
			fresh++
		}
	}
	// One registration, and a link for each of the other mini-programs.
	if events := b.store.Events(); len(users) != 1 || fresh != 1 || len(events) != len(apps) {
		t.Errorf("got %d users, %d told that they are new, events %+v; want 1, 1, %d", len(users), fresh, events, len(apps))
	}
}

// wishTo makes a wish of alice, who has a unionid and an openid in each mini-program.
func (b *bundle) wishTo(t *testing.T, app domain.AppID, code string) signin.WeChatInput {
	t.Helper()
	open, err := domain.NewOpenID("o-alice-" + string(app))
	if err != nil {
		t.Fatal(err)
	}
	union, err := domain.NewUnionID("u-alice")
	if err != nil {
		t.Fatal(err)
	}
	b.wechat.Grant(code, ports.WeChatLogin{OpenID: open, UnionID: union})
	wish := in(code)
	wish.AppID = app
	return wish
}

func TestSessionIdleLongestGivesWayWithAnEvent(t *testing.T) {
	t.Parallel()
	b := setupWith(signin.Options{Limits: limits, MaxSessions: 3, AccessTTL: 2 * time.Hour})
	var opened []signin.Result
	for range 4 {
		opened = append(opened, b.login(t, app, "o-1", ""))
	}
	user := opened[0].User.ID()
	b.wantEvents(t, domain.Registered{Method: domain.MethodWeChat, AppID: app},
		domain.SessionEnded{SessionID: opened[0].SessionID, Reason: domain.EndedByLimit})
	for _, kept := range opened[1:] {
		b.wantLive(t, user, kept.SessionID)
	}
	if got := b.sessions.Of(user); len(got) != 3 || got[0].ID != opened[1].SessionID {
		t.Errorf("%d sessions are kept, want the last 3", len(got))
	}
}
