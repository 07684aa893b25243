package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

const (
	phoneBoundV1   = "menjin.user.phone_bound.v1"
	phoneUnboundV1 = "menjin.user.phone_unbound.v1"
)

// phoneCode is what the phone button gives for the number a person has.
func (w *weChat) phoneCode(person string) string {
	w.tb.Helper()
	return w.phoneCodeFor(person, wechatsandbox.Phone{})
}

// phoneCodeFor is what the phone button gives for another number.
func (w *weChat) phoneCodeFor(person string, phone wechatsandbox.Phone) string {
	w.tb.Helper()
	code, err := w.MintPhoneCode("", person, phone)
	if err != nil {
		w.tb.Fatal(err)
	}
	return code
}

// takePhone posts a phone code and returns the number as it is shown afterwards.
func (p *program) takePhone(in signIn, code string) string {
	p.tb.Helper()
	return phoneIn(p.tb, p.expect(http.MethodPost, "/api/user/phone", in.Token, map[string]string{"code": code}, http.StatusOK, ""))
}

func phoneIn(tb testing.TB, r reply) string {
	tb.Helper()
	var user struct {
		Phone *string `json:"phone"`
	}
	if err := json.Unmarshal(r.Data, &user); err != nil {
		tb.Errorf("user: got %s (%v)", r.Body, err)
	}
	if user.Phone == nil {
		return ""
	}
	return *user.Phone
}

// wantPhone compares the number that users are shown of themselves.
func (p *program) wantPhone(in signIn, want string) {
	p.tb.Helper()
	if got := phoneIn(p.tb, p.expect(http.MethodGet, "/api/user/info", in.Token, nil, http.StatusOK, "")); got != want {
		p.tb.Errorf("phone of user %s: got %q, want %q", in.User.ID, got, want)
	}
}

func masked(number string) string { return number[:3] + "****" + number[7:] }

func TestPhoneIsBoundReboundAndUnbound(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()))
		alice, bob := p.login(w.code("alice")), p.login(w.code("bob"))
		p.wantPhone(alice, "")
		for _, step := range []struct {
			phone wechatsandbox.Phone
			shown string
		}{
			{wechatsandbox.Phone{}, masked(w.PhoneNumber("alice"))},
			{wechatsandbox.Phone{}, masked(w.PhoneNumber("alice"))}, // no change, no event
			{wechatsandbox.Phone{Number: "13800138000", NumericCountryCode: true}, "138****8000"},
			{wechatsandbox.Phone{Number: "7700900123", CountryCode: "44", NumericCountryCode: true}, "+44******0123"},
			{wechatsandbox.Phone{Number: "61234567", CountryCode: "852"}, "+852****4567"},
		} {
			if got := p.takePhone(alice, w.phoneCodeFor("alice", step.phone)); got != step.shown {
				t.Errorf("number bound: got %q, want %q", got, step.shown)
			}
			p.wantPhone(alice, step.shown)
		}

		taken := w.phoneCodeFor("bob", wechatsandbox.Phone{Number: "61234567", CountryCode: "852"})
		p.expect(http.MethodPost, "/api/user/phone", bob.Token, map[string]string{"code": taken}, http.StatusConflict, "PHONE_TAKEN")
		p.wantPhone(bob, "")
		for range 2 { // the second finds none, which is no error
			p.expect(http.MethodDelete, "/api/user/phone", alice.Token, nil, http.StatusOK, "")
			p.wantPhone(alice, "")
		}
		p.takePhone(bob, w.phoneCodeFor("bob", wechatsandbox.Phone{Number: "61234567", CountryCode: "852"}))
		p.wantPhone(bob, "+852****4567")

		events := p.drained(w)
		wantEvents(t, of(events, alice.User.ID), registeredV1, phoneBoundV1, phoneBoundV1, phoneBoundV1, phoneBoundV1, phoneUnboundV1)
		wantEvents(t, of(events, bob.User.ID), registeredV1, phoneBoundV1)
	})
}

func wantEvents(t *testing.T, events []event, want ...string) {
	t.Helper()
	var got []string
	for i, e := range events {
		got = append(got, e.Type)
		if e.Version != i+1 {
			t.Errorf("%s: got version %d, want %d", e.Type, e.Version, i+1)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("events: got %v, want %v", got, want)
	}
}

func TestPhoneCodeIsPaidForOnce(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	p := start(t, local(t).with(w.settings()))
	alice := p.login(w.code("alice"))
	p.takePhone(alice, w.phoneCode("alice"))
	const path = "/wxa/business/getuserphonenumber"
	for name, c := range map[string]struct {
		fault  wechatsandbox.Fault
		status int
		reason string
	}{
		"lost answer":  {wechatsandbox.Fault{Kind: wechatsandbox.FaultReset, After: true}, http.StatusBadGateway, "WECHAT_ERROR"},
		"lost request": {wechatsandbox.Fault{Kind: wechatsandbox.FaultReset}, http.StatusBadGateway, "WECHAT_ERROR"},
		"broken JSON":  {wechatsandbox.Fault{Kind: wechatsandbox.FaultBrokenJSON}, http.StatusBadGateway, "WECHAT_ERROR"},
		"spent code": {
			wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: 40163}, http.StatusUnauthorized, "WECHAT_CODE_USED",
		},
		"number for another app": {
			wechatsandbox.Fault{Kind: wechatsandbox.FaultWrongWatermark}, http.StatusUnprocessableEntity, "WATERMARK_MISMATCH",
		},
	} {
		c.fault.Route = path
		w.play(c.fault)
		before := w.Counters().Calls[path]
		r := p.call(http.MethodPost, "/api/user/phone", alice.Token, map[string]string{"code": w.phoneCode("alice")})
		if r.Status != c.status || r.Reason != c.reason {
			t.Errorf("%s: got %s, want %d %s", name, r, c.status, c.reason)
		}
		if got := w.Counters().Calls[path] - before; got != 1 {
			t.Errorf("%s: the code was sent %d times, want once", name, got)
		}
		w.ClearFaults()
		p.wantPhone(alice, masked(w.PhoneNumber("alice")))
		p.takePhone(alice, w.phoneCode("alice")) // also keeps the breaker from opening
	}
}
