package wechatpush

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func TestSignatureIsGoodForOneMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714112445)
	id := b.person(t, plainApp)
	query := b.signed("n-1")
	b.post(t, plainApp, query, `{"MsgType":"event","Event":"debug_demo"}`, http.StatusOK)
	b.post(t, plainApp, query, cleaned, http.StatusForbidden)
	b.post(t, plainApp, query, `{"MsgType":"event","Event":"debug_demo"}`, http.StatusOK)
	if got := b.nickname(t, id); got == "" {
		t.Error("a message under a used signature had an effect")
	}
	b.post(t, plainApp, b.signed("n-2"), cleaned, http.StatusOK)
	if got := b.nickname(t, id); got != "" {
		t.Errorf("nickname: got %q, want none", got)
	}
}

func TestSignatureOfAVerificationBringsNoMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714112445)
	id := b.person(t, plainApp)
	query := b.signed("n-1")
	query.Set("echostr", cleaned)
	wantAnswer(t, b.serve(t, http.MethodGet, plainApp, query, ""), http.StatusOK, cleaned)
	b.post(t, plainApp, query, cleaned, http.StatusForbidden)
	query.Set("echostr", "something else")
	wantAnswer(t, b.serve(t, http.MethodGet, plainApp, query, ""), http.StatusForbidden, "forbidden")
	if got := b.nickname(t, id); got == "" {
		t.Error("a message under a used signature had an effect")
	}
}

func TestSignatureCannotBeReadInTwoWays(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714112445)
	id := b.person(t, plainApp)
	// A nonce that could be a timestamp: exchanged, the two have the same signature.
	query := b.signed("1714112500")
	b.post(t, plainApp, query, `{"MsgType":"event","Event":"debug_demo"}`, http.StatusOK)
	exchanged := url.Values{
		"timestamp": {query.Get("nonce")}, "nonce": {query.Get("timestamp")}, "signature": {query.Get("signature")},
	}
	b.post(t, plainApp, exchanged, cleaned, http.StatusForbidden)
	if got := b.nickname(t, id); got == "" {
		t.Error("a message under a used signature had an effect")
	}
}

func TestReplicaDoesNotActUnderASignatureThatAnotherTook(t *testing.T) {
	t.Parallel()
	for what, method := range map[string]string{"message": http.MethodPost, "verification": http.MethodGet} {
		one := setup(t, 1714112445)
		id := one.person(t, plainApp)
		two := setup(t, 1714112445)
		two.handler.use = one.handler.use // the same database
		query := one.signed("n-1")
		query.Set("echostr", "1")
		if got := one.serve(t, method, plainApp, query, `{"MsgType":"text","Content":"hello"}`).StatusCode; got != http.StatusOK {
			t.Errorf("%s: got %d, want %d", what, got, http.StatusOK)
		}
		two.post(t, plainApp, query, cleaned, http.StatusOK) // which says nothing of what it did
		if got := one.nickname(t, id); got == "" {
			t.Errorf("a message under the signature of a %s had an effect on another replica", what)
		}
		if got := one.serve(t, method, plainApp, query, `{"MsgType":"text","Content":"hello"}`).StatusCode; got != http.StatusOK {
			t.Errorf("%s that comes again: got %d, want %d", what, got, http.StatusOK)
		}
	}
}

func TestGuardForgetsTheOldest(t *testing.T) {
	t.Parallel()
	g := newGuard(2)
	key := func(i byte) [32]byte { return [32]byte{i} }
	for i := byte(1); i <= 3; i++ {
		if !g.admit(key(i), "message", []byte{i}) {
			t.Errorf("%d is refused at first", i)
		}
	}
	if len(g.seen) != 2 {
		t.Errorf("remembers %d, want 2", len(g.seen))
	}
	if g.admit(key(3), "message", nil) || g.admit(key(2), "verify", []byte{2}) {
		t.Error("something else is admitted under what is remembered")
	}
	if !g.admit(key(1), "message", nil) {
		t.Error("the oldest is remembered still")
	}
}

func TestKeyOfADeliveryIsItsMiniPrograms(t *testing.T) {
	t.Parallel()
	p, token := proof{"1714112445", "n-1"}, domain.NewSecret(officialToken)
	if p.key(&receiver{id: "wx1", token: token}) == p.key(&receiver{id: "wx2", token: token}) {
		t.Error("two mini-programs share what they remember")
	}
}
