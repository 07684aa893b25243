package wechatsandbox_test

import (
	"errors"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestBlockedPersonIsTurnedAway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, appID, person string }{
		{"at one app", wechatsandbox.DemoAppID, "mallory"},
		{"at every app", "", "mallory"},
		{"with everybody of the app", wechatsandbox.DemoAppID, ""},
		{"with everybody", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, wechatsandbox.Options{})
			if err := b.Block(test.appID, test.person, true); err != nil {
				t.Fatalf("block: %v", err)
			}
			if got := b.exchange(t, b.Code(t, "mallory")); got.errcode() != 40226 || got.OpenID != "" {
				t.Errorf("blocked: got %+v, want errcode 40226 alone", got)
			}
			if got := b.exchange(t, b.Code(t, "alice")).errcode(); (got == 40226) != (test.person == "") {
				t.Errorf("somebody else: got errcode %d", got)
			}
			if err := b.Block(test.appID, test.person, false); err != nil {
				t.Fatalf("unblock: %v", err)
			}
			if got := b.exchange(t, b.Code(t, "mallory")); got.errcode() != 0 {
				t.Errorf("unblocked: got errcode %d, want a success", got.errcode())
			}
		})
	}
}

func TestUnionIDCanBeHiddenAndArriveLater(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	for _, hidden := range []bool{true, false} {
		if err := b.HideUnionID("", "alice", hidden); err != nil {
			t.Fatalf("hide unionid %t: %v", hidden, err)
		}
		if got := b.exchange(t, b.Code(t, "alice")); (got.UnionID == "") != hidden || got.OpenID == "" {
			t.Errorf("hidden %t: got openid %q, unionid %q", hidden, got.OpenID, got.UnionID)
		}
	}
}

func TestRuleForUnknownAppIsRefused(t *testing.T) {
	t.Parallel()
	server := wechatsandbox.New(wechatsandbox.Options{})
	if err := server.Block("wx-none", "alice", true); !errors.Is(err, wechatsandbox.ErrUnknownApp) {
		t.Errorf("got %v, want ErrUnknownApp", err)
	}
}
