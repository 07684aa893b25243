package signin_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
)

func TestCodePostedFiveTimesAtOnceIsTradedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	b.grant(t, "code", "alice")
	results := make([]signin.Result, 5)
	var wait sync.WaitGroup
	for i := range results {
		wait.Go(func() {
			var err error
			if results[i], err = b.signIn.Do(context.Background(), in("code")); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, got := range results {
		if got.SessionID != results[0].SessionID || !got.Token.Equal(results[0].Token) {
			t.Errorf("got sessions %v and %v", got.SessionID, results[0].SessionID)
		}
	}
	if b.wechat.Calls() != 1 {
		t.Errorf("WeChat was asked %d times, want 1", b.wechat.Calls())
	}
}

func TestCodePostedAgain(t *testing.T) {
	t.Parallel()
	elsewhere, otherDevice := in("code"), in("code")
	elsewhere.IP = "198.51.100.7"
	otherDevice.Device.ID = "tablet"
	tests := []struct {
		name  string
		again signin.WeChatInput
		after time.Duration
		want  error
	}{
		{"soon from the same place is answered the same", in("code"), 9 * time.Second, nil},
		{"later is used", in("code"), 10 * time.Second, domain.ErrWeChatCodeUsed},
		{"soon from another address is used", elsewhere, time.Second, domain.ErrWeChatCodeUsed},
		{"soon from another device is used", otherDevice, time.Second, domain.ErrWeChatCodeUsed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, false)
			b.grant(t, "code", "alice")
			first, err := b.signIn.Do(t.Context(), in("code"))
			if err != nil {
				t.Fatal(err)
			}
			b.advance(test.after)
			second, err := b.signIn.Do(t.Context(), test.again)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if test.want == nil && second.SessionID != first.SessionID {
				t.Errorf("got session %v, want %v", second.SessionID, first.SessionID)
			}
			if opened := b.sessions.Of(first.User.ID()); len(opened) != 1 {
				t.Errorf("%d sessions are open, want 1", len(opened))
			}
		})
	}
}

func TestFailedLoginIsNotRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	b.wechat.Refuse("code", domain.ErrUnavailable)
	if _, err := b.signIn.Do(t.Context(), in("code")); !errors.Is(err, domain.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	b.grant(t, "code", "alice")
	if _, err := b.signIn.Do(t.Context(), in("code")); err != nil {
		t.Errorf("the second try got %v", err)
	}
}

func TestLoginGoesOnWhenTheCallerHangsUp(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	b.grant(t, "code", "alice")
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	first, err := b.signIn.Do(ctx, in("code"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.signIn.Do(t.Context(), in("code"))
	if err != nil || again.SessionID != first.SessionID {
		t.Errorf("posted again, got %v and %v (%v)", again.SessionID, first.SessionID, err)
	}
}

func TestRememberedCodesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, false)
	const many = 9000
	for i := range many {
		code := fmt.Sprint("code-", i)
		b.grant(t, code, "alice")
		if _, err := b.signIn.Do(t.Context(), in(code)); err != nil {
			t.Fatal(err)
		}
	}
	calls := b.wechat.Calls()
	if _, err := b.signIn.Do(t.Context(), in("code-0")); !errors.Is(err, domain.ErrWeChatCodeUsed) || b.wechat.Calls() != calls+1 {
		t.Errorf("the oldest of %d codes is still remembered (%v)", many, err)
	}
	if _, err := b.signIn.Do(t.Context(), in(fmt.Sprint("code-", many-1))); err != nil || b.wechat.Calls() != calls+1 {
		t.Errorf("the newest code is forgotten (%v)", err)
	}
}
