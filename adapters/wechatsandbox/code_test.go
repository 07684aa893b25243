package wechatsandbox_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestMintRefusesBadInput(t *testing.T) {
	t.Parallel()
	server := wechatsandbox.New(wechatsandbox.Options{})
	for _, test := range []struct {
		name, appID, person string
		want                error
	}{
		{"unknown app", "wx-none", "alice", wechatsandbox.ErrUnknownApp},
		{"long label", "", strings.Repeat("x", 129), wechatsandbox.ErrBadPerson},
		{"control character", "", "a\nb", wechatsandbox.ErrBadPerson},
		{"broken UTF-8", "", "a\xff", wechatsandbox.ErrBadPerson},
	} {
		if code, err := server.MintCode(test.appID, test.person); !errors.Is(err, test.want) || code != "" {
			t.Errorf("%s: got %q, %v, want %v", test.name, code, err, test.want)
		}
	}
}

func TestCodesLookLikeWeChats(t *testing.T) {
	t.Parallel()
	server := wechatsandbox.New(wechatsandbox.Options{})
	shape, seen := regexp.MustCompile(`^0[0-9A-Za-z]{31}$`), map[string]bool{}
	for range 100 {
		code, err := server.MintCode("", "小明")
		if err != nil || !shape.MatchString(code) || seen[code] {
			t.Fatalf("got %q, %v, seen before %t; want a new code of 32 letters and digits", code, err, seen[code])
		}
		seen[code] = true
	}
}

func TestUnusedCodesAreBoundedUntilTheyExpire(t *testing.T) {
	t.Parallel()
	clock := newClock()
	server := wechatsandbox.New(wechatsandbox.Options{MaxCodes: 10, Clock: clock.Now})
	for range 10 {
		if _, err := server.MintCode("", "alice"); err != nil {
			t.Fatalf("mint: %v", err)
		}
	}
	if _, err := server.MintCode("", "alice"); !errors.Is(err, wechatsandbox.ErrTooManyCodes) {
		t.Errorf("eleventh code: got %v, want ErrTooManyCodes", err)
	}
	clock.Advance(5 * time.Minute)
	if _, err := server.MintCode("", "alice"); err != nil {
		t.Errorf("after expiry: %v", err)
	}
	if got := server.Counters().LiveCodes; got != 1 {
		t.Errorf("live codes after expiry: got %d, want 1", got)
	}
}

func TestSpentCodesAreBoundedAndSwept(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{MaxCodes: 10})
	for i := range 30 {
		b.exchange(t, b.Code(t, fmt.Sprintf("person-%d", i)))
	}
	if got := b.Counters(); got.LiveCodes != 0 || got.SpentCodes != 10 || got.People != 30 {
		t.Errorf("got %d live, %d spent, %d people, want 0, 10, 30", got.LiveCodes, got.SpentCodes, got.People)
	}
	b.clock.Advance(time.Hour)
	b.Code(t, "alice")
	if got := b.Counters(); got.LiveCodes != 1 || got.SpentCodes != 0 {
		t.Errorf("after expiry: got %d live, %d spent, want 1, 0", got.LiveCodes, got.SpentCodes)
	}
}

func TestRememberedPeopleAreBounded(t *testing.T) {
	t.Parallel()
	clock := newClock()
	server := wechatsandbox.New(wechatsandbox.Options{Clock: clock.Now})
	for i := range 100_500 {
		if i%50_000 == 0 {
			clock.Advance(time.Hour) // lets the codes expire
		}
		if _, err := server.MintCode("", fmt.Sprint(i)); err != nil {
			t.Fatalf("mint: %v", err)
		}
	}
	if got := server.Counters().People; got != 100_000 {
		t.Errorf("people remembered: got %d, want 100000", got)
	}
}

func TestShiftedClockExpiresCodes(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	code := b.Code(t, "alice")
	for _, step := range []struct {
		shift time.Duration
		want  int
	}{{-time.Minute, 0}, {6 * time.Minute, 40029}} {
		if err := b.ShiftClock(step.shift); err != nil {
			t.Fatalf("shift: %v", err)
		}
		if got := b.exchange(t, code).errcode(); got != step.want {
			t.Errorf("shift %s: got errcode %d, want %d", step.shift, got, step.want)
		}
	}
	if err := b.ShiftClock(20 * 365 * 24 * time.Hour); err == nil {
		t.Error("shift of twenty years: got no error")
	}
}
