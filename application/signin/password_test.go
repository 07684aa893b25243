package signin_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
)

const rightPassword = "correct-horse-battery"

func account(t *testing.T, name, email string) signin.Account {
	t.Helper()
	username, err := domain.NewUsername(name)
	if err != nil {
		t.Fatal(err)
	}
	password, err := domain.NewPassword("password", rightPassword, username)
	if err != nil {
		t.Fatal(err)
	}
	address, err := domain.NewEmail(email)
	if err != nil {
		t.Fatal(err)
	}
	return signin.Account{Username: username, Password: password, Email: address}
}

// registered registers alice from her own address.
func registered(t *testing.T, b *bundle) signin.Result {
	t.Helper()
	got, err := b.register.Do(t.Context(), signin.RegisterInput{
		Account: account(t, "Alice", "alice@example.com"), IP: "192.0.2.1", Device: domain.Device{ID: "laptop"},
	})
	if err != nil {
		t.Fatalf("register: %v", err)
	}
	return got
}

func from(ip, login, password string) signin.PasswordInput {
	return signin.PasswordInput{Login: login, Password: domain.NewSecret(password), IP: ip}
}

func (b *bundle) wantSignIn(t *testing.T, in signin.PasswordInput, want error) signin.Result {
	t.Helper()
	got, err := b.password.Do(t.Context(), in)
	if !errors.Is(err, want) {
		t.Errorf("sign in as %s from %s: got error %v, want %v", in.Login, in.IP, err, want)
	}
	return got
}

func TestRegistrationSignsIn(t *testing.T) {
	t.Parallel()
	b := setup(t, true)
	got := registered(t, b)
	if !got.IsNewUser || got.ExpiresIn != 2*time.Hour || got.RefreshExpiresIn != limits.Refresh {
		t.Errorf("got new %t, expires in %s, refresh in %s", got.IsNewUser, got.ExpiresIn, got.RefreshExpiresIn)
	}
	claims, err := b.tokens.Verify(got.Token)
	if err != nil || claims.UserID != got.User.ID() || claims.SessionID != got.SessionID {
		t.Errorf("the token is for %v and %v (%v)", claims.UserID, claims.SessionID, err)
	}
	if refresh, err := b.refresh.Parse(got.RefreshToken.Secret); err != nil || refresh.SessionID != got.SessionID {
		t.Errorf("the refresh token is for %v (%v), want %v", refresh.SessionID, err, got.SessionID)
	}
	state := b.state(t, got.User.ID())
	if state.Username.String() != "Alice" || state.Email.IsZero() || state.PasswordHash.IsZero() || state.PasswordHash.Reveal() == rightPassword {
		t.Errorf("got user %+v", state)
	}
	b.wantEvents(t, domain.Registered{Method: domain.MethodPassword})
}

func TestNamesAndAddressesAreOnePersons(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	registered(t, b)
	for _, test := range []struct {
		name, email string
		want        error
	}{
		{"ALICE", "other@example.com", domain.ErrUsernameTaken}, {"bob", "ALICE@Example.com", domain.ErrEmailTaken},
	} {
		_, err := b.register.Do(t.Context(), signin.RegisterInput{Account: account(t, test.name, test.email)})
		if !errors.Is(err, test.want) {
			t.Errorf("register %s: got %v, want %v", test.name, err, test.want)
		}
	}
	b.wantEvents(t, domain.Registered{Method: domain.MethodPassword})
}

func TestFiftyRegistrationsOfOneNameMakeOneUser(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	var won atomic.Int32
	var wait sync.WaitGroup
	for i := range 50 {
		in := signin.RegisterInput{Account: account(t, []string{"alice", "ALICE"}[i%2], fmt.Sprintf("a%d@example.com", i))}
		wait.Go(func() {
			switch _, err := b.register.Do(t.Context(), in); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, domain.ErrUsernameTaken):
				t.Errorf("got %v, want %v", err, domain.ErrUsernameTaken)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d registrations succeeded, want 1", won.Load())
	}
	b.wantEvents(t, domain.Registered{Method: domain.MethodPassword})
}

func TestPasswordSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	alice := registered(t, b)
	nobody, _ := domain.RegisterWithWeChat(domain.UserID{ID: domain.ID{7}}, domain.WeChatIdentity{AppID: app}, domain.Stamp{})
	b.store.Put(nobody)
	for _, login := range []string{"Alice", "alice", "ALICE", "alice@example.com", "Alice@EXAMPLE.com"} {
		got := b.wantSignIn(t, from("192.0.2.1", login, rightPassword), nil)
		if got.User == nil || got.User.ID() != alice.User.ID() || got.IsNewUser {
			t.Errorf("sign in as %s: got %+v, want alice", login, got)
		}
	}
	for _, login := range []string{"bob", "bob@example.com", "", "@", "a", "al ice", "alice\x00", "\xff\xff\xff"} {
		b.wantSignIn(t, from("192.0.2.1", login, rightPassword), domain.ErrBadCredentials)
	}
	for _, password := range []string{"", "x", "Correct-horse-battery", rightPassword + " "} {
		b.wantSignIn(t, from("198.51.100.2", "alice", password), domain.ErrBadCredentials)
	}
	b.wantEvents(t, domain.Registered{Method: domain.MethodPassword})
}

func TestPasswordSignInIsAnEventWhereAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t, true)
	registered(t, b)
	got := b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), nil)
	b.wantEvents(t, domain.Registered{Method: domain.MethodPassword},
		domain.SignedIn{Method: domain.MethodPassword, SessionID: got.SessionID})
}

func TestLockedUserIsToldOnlyWithThePassword(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	alice := registered(t, b)
	alice.User.Lock(domain.Stamp{})
	b.store.Put(alice.User)
	b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), domain.ErrAccountLocked)
	b.wantSignIn(t, from("192.0.2.1", "alice", "wrong"), domain.ErrBadCredentials)
	if opened := b.sessions.Of(alice.User.ID()); len(opened) != 1 {
		t.Errorf("%d sessions are open, want 1", len(opened))
	}
}

func TestStaleHashIsMadeAnew(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	alice := registered(t, b)
	password := account(t, "Alice", "alice@example.com").Password
	old, err := memory.NewPasswordHasher(1).Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	alice.User.Rehash(old)
	b.store.Put(alice.User)
	b.wantSignIn(t, from("192.0.2.1", "alice", "wrong"), domain.ErrBadCredentials)
	if !b.state(t, alice.User.ID()).PasswordHash.Equal(old.Secret) {
		t.Error("a wrong password changed the hash")
	}
	b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), nil)
	state := b.state(t, alice.User.ID())
	if _, stale, err := memory.NewPasswordHasher(2).Verify(t.Context(), password.Secret, state.PasswordHash); err != nil || stale {
		t.Errorf("the hash is still stale (%v)", err)
	}
	b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), nil)
	b.wantEvents(t, domain.Registered{Method: domain.MethodPassword})
}

func TestOutageIsNoWrongPassword(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(*bundle) interface{ Break(err error) }{
		"store":    func(b *bundle) interface{ Break(err error) } { return b.store },
		"sessions": func(b *bundle) interface{ Break(err error) } { return b.sessions },
		"attempts": func(b *bundle) interface{ Break(err error) } { return b.attempts },
		"limiter":  func(b *bundle) interface{ Break(err error) } { return b.limiter },
	} {
		b := setup(t, false)
		registered(t, b)
		broken(b).Break(domain.ErrUnavailable)
		if _, err := b.password.Do(t.Context(), from("192.0.2.1", "alice", rightPassword)); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s out of reach: got %v, want %v", name, err, domain.ErrUnavailable)
		}
		broken(b).Break(nil)
		b.wantSignIn(t, from("192.0.2.1", "alice", rightPassword), nil)
	}
}

func TestNamesOfOneAccountCountTogether(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	registered(t, b)
	refused := 0
	for i := range 12 {
		login := []string{"alice", "alice@example.com"}[i%2]
		_, err := b.password.Do(t.Context(), from(fmt.Sprintf("2001:db8:1:2::%d", i), login, "wrong-password"))
		if errors.Is(err, domain.ErrTooManyAttempts) {
			refused++
		}
	}
	if refused < 4 {
		t.Errorf("%d of 12 guesses from one network were refused, want at least 4", refused)
	}
}
