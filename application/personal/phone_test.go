package personal_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const number = "+8613812341234"

func phone(t *testing.T, text string) domain.Phone {
	t.Helper()
	p, err := domain.NewPhone(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func byCode(code string) personal.PhoneInput {
	return personal.PhoneInput{Code: domain.NewSecret(code)}
}

func (b *bundle) wantPhone(t *testing.T, p person, want string) {
	t.Helper()
	if got := b.state(t, p).Phone.Reveal(); got != want {
		t.Errorf("phone: got %q, want %q", got, want)
	}
}

func TestPhoneIsBoundByCodeReboundAndUnbound(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	for _, want := range []string{number, number, "+447700900123"} { // the second is the number there is
		b.phones.Grant("code", li.openID, phone(t, want))
		user, err := b.bindPhone().Do(t.Context(), li.Caller, byCode("code"))
		if err != nil || user.State().Phone.Reveal() != want {
			t.Fatalf("%s: got %v, error %v", want, user, err)
		}
	}
	b.wantPhone(t, li, "+447700900123")
	unbind := personal.NewUnbindPhone(b.users())
	for range 2 {
		user, err := unbind.Do(t.Context(), li.Caller)
		if err != nil || !user.State().Phone.IsZero() {
			t.Fatalf("unbind: got %v, error %v", user, err)
		}
	}
	b.wantPhone(t, li, "")
	b.wantEvents(t, domain.PhoneBound{}, domain.PhoneBound{Replaced: true}, domain.PhoneUnbound{})
	bound := domain.AuditEntry{Action: domain.AuditPhoneBind, Detail: string(app)}
	b.wantAudit(t, li, bound, bound, domain.AuditEntry{Action: domain.AuditPhoneUnbind})
}

func TestPhoneIsBoundByEncryptedData(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	user, err := b.bindPhone().Do(t.Context(), li.Caller, personal.PhoneInput{Data: sealPhone(li, number)})
	if err != nil || user.State().Phone.Reveal() != number {
		t.Fatalf("got %v, error %v", user, err)
	}
	b.wantEvents(t, domain.PhoneBound{})
	b.wantCodes(t, 0)
}

func TestNumberBelongsToOneUser(t *testing.T) {
	t.Parallel()
	b := setup()
	people := []person{b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)}
	bind, errs := b.bindPhone(), make([]error, len(people))
	var group sync.WaitGroup
	for i, p := range people {
		group.Go(func() { _, errs[i] = bind.Do(t.Context(), p.Caller, personal.PhoneInput{Data: sealPhone(p, number)}) })
	}
	group.Wait()
	winner := 0
	if errs[0] != nil {
		winner = 1
	}
	if errs[winner] != nil {
		t.Fatalf("got errors %v, want one to get the number", errs)
	}
	wantError(t, "the other", errs[1-winner], domain.ErrPhoneTaken)
	b.wantPhone(t, people[winner], number)
	b.wantPhone(t, people[1-winner], "")
	b.wantEvents(t, domain.PhoneBound{})
}

func TestPhoneIsTakenFromTheMiniProgramMeant(t *testing.T) {
	t.Parallel()
	b := setup()
	li, password := b.signIn(t, "o-li", otherApp), b.signIn(t, "o-wang", otherApp)
	b.phones.Grant("code", li.openID, phone(t, number))
	if _, err := b.bindPhone().Do(t.Context(), li.Caller, byCode("code")); err != nil {
		t.Errorf("the session's own: %v", err)
	}
	password.SessionID = domain.SessionID{ID: b.newID()} // opened by another way of signing in
	_, err := b.bindPhone().Do(t.Context(), password.Caller, byCode("code"))
	wantViolation(t, "the first", err, "app_id", "linked")
	in := byCode("code")
	in.AppID = app
	_, err = b.bindPhone().Do(t.Context(), li.Caller, in)
	wantViolation(t, "one not linked", err, "app_id", "linked")
	in.AppID = "wx-unknown"
	_, err = b.bindPhone().Do(t.Context(), li.Caller, in)
	wantViolation(t, "one not configured", err, "app_id", "enum")
	b.wantCodes(t, 1)
}

func TestPhoneCodeIsSentOnceAndItsNumberKept(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	_, err := b.bindPhone().Do(t.Context(), li.Caller, byCode("code"))
	wantError(t, "unknown code", err, domain.ErrWeChatCodeInvalid)
	b.wantCodes(t, 1)
	ctx, leave := context.WithCancel(t.Context())
	b.phones.Grant("code", li.openID, phone(t, number))
	b.phones.OnExchange(leave)
	if _, err := b.bindPhone().Do(ctx, li.Caller, byCode("code")); err != nil {
		t.Errorf("caller who left: %v", err)
	}
	b.wantPhone(t, li, number)
}

func TestStaleKeyIsToldFromBadData(t *testing.T) {
	t.Parallel()
	hostile := ports.EncryptedData{Data: domain.NewSecret(strings.Repeat("A", 1<<20)), IV: "\xff"}
	for name, test := range map[string]struct {
		data   func(person) ports.EncryptedData
		change func(*bundle, person)
		want   error
	}{
		"bad data":             {func(person) ports.EncryptedData { return hostile }, func(*bundle, person) {}, domain.ErrDecryptionFailed},
		"key replaced":         {func(person) ports.EncryptedData { return hostile }, (*bundle).replaceKey, domain.ErrSessionKeyStale},
		"WeChat does not tell": {func(person) ports.EncryptedData { return hostile }, func(b *bundle, _ person) { b.keys.Break(domain.ErrWeChatTimeout) }, domain.ErrDecryptionFailed},
		"too old": {
			func(p person) ports.EncryptedData {
				return memory.OpenData{App: app, GivenAt: start.Add(-dataAge), Phone: number}.Seal(p.key)
			},
			(*bundle).replaceKey, domain.ErrWatermarkMismatch,
		},
		"no session with a key": {
			func(p person) ports.EncryptedData { return sealPhone(p, number) },
			func(b *bundle, p person) { _ = b.sessions.End(context.Background(), p.UserID, p.SessionID) }, domain.ErrSessionKeyStale,
		},
		"sessions out of reach": {
			func(p person) ports.EncryptedData { return sealPhone(p, number) },
			func(b *bundle, _ person) { b.sessions.Break(fmt.Errorf("%w: refused", domain.ErrUnavailable)) }, domain.ErrUnavailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup()
			li := b.signIn(t, "o-li", app)
			test.change(b, li)
			_, err := b.bindPhone().Do(t.Context(), li.Caller, personal.PhoneInput{AppID: app, Data: test.data(li)})
			wantError(t, name, err, test.want)
			b.wantPhone(t, li, "")
			b.wantEvents(t)
			b.wantAudit(t, li)
		})
	}
}

func TestPhoneOfSomebodyGoneIsNotBound(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	b.phones.Grant("code", li.openID, phone(t, number))
	b.phones.OnExchange(func() {
		if err := b.eraser().Erase(t.Context(), li.UserID, anyNote); err != nil {
			t.Errorf("erase: %v", err)
		}
	})
	b.keys.Break(domain.ErrWeChatFailed)
	_, err := b.bindPhone().Do(t.Context(), li.Caller, byCode("code"))
	wantError(t, "erased meanwhile", err, domain.ErrUserNotFound)
	_, err = personal.NewUnbindPhone(b.users()).Do(t.Context(), li.Caller)
	wantError(t, "unbind", err, domain.ErrUserNotFound)
}
