package wechatpush

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestVerificationEchoesNothingWithoutASignature(t *testing.T) {
	t.Parallel()
	const echo = "<script>alert(1)</script>"
	tests := map[string]struct {
		change func(query url.Values)
		status int
	}{
		"wrong signature":     {func(q url.Values) { q.Set("signature", strings.Repeat("0", 40)) }, http.StatusForbidden},
		"no signature":        {func(q url.Values) { q.Del("signature") }, http.StatusForbidden},
		"upper case":          {func(q url.Values) { q.Set("signature", strings.ToUpper(q.Get("signature"))) }, http.StatusForbidden},
		"no nonce":            {func(q url.Values) { q.Del("nonce") }, http.StatusForbidden},
		"another nonce":       {func(q url.Values) { q.Set("nonce", "n-2") }, http.StatusForbidden},
		"another timestamp":   {func(q url.Values) { q.Set("timestamp", "1714112446") }, http.StatusForbidden},
		"no timestamp":        {func(q url.Values) { q.Del("timestamp") }, http.StatusForbidden},
		"no echostr":          {func(q url.Values) { q.Del("echostr") }, http.StatusBadRequest},
		"overlong echostr":    {func(q url.Values) { q.Set("echostr", strings.Repeat("x", maxEcho+1)) }, http.StatusBadRequest},
		"timestamp in a mess": {func(q url.Values) { q.Set("timestamp", "+171411244"); resign(q) }, http.StatusForbidden},
		"overlong nonce":      {func(q url.Values) { q.Set("nonce", strings.Repeat("1", maxNonce+1)); resign(q) }, http.StatusForbidden},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 1714112445)
			query := b.signed("n-1")
			query.Set("echostr", echo)
			test.change(query)
			want := map[int]string{http.StatusForbidden: "forbidden", http.StatusBadRequest: "malformed message"}[test.status]
			wantAnswer(t, b.serve(t, http.MethodGet, plainApp, query, ""), test.status, want)
		})
	}
}

// resign signs what a query says by now.
func resign(query url.Values) {
	query.Set("signature", proofOf(query).sign(domain.NewSecret(officialToken)))
}

func TestFreshnessWindow(t *testing.T) {
	t.Parallel()
	const now = 1714112445
	for shift, status := range map[time.Duration]int{
		0: http.StatusOK, 10 * time.Minute: http.StatusOK, -10 * time.Minute: http.StatusOK,
		10*time.Minute + time.Second: http.StatusForbidden, -10*time.Minute - time.Second: http.StatusForbidden,
		-100 * 365 * 24 * time.Hour: http.StatusForbidden,
	} {
		b := setup(t, now)
		at := now + int64(shift/time.Second)
		query := signedAt(at, "n-1")
		query.Set("echostr", "1")
		if got := b.serve(t, http.MethodGet, plainApp, query, "").StatusCode; got != status {
			t.Errorf("verification dated %v: got %d, want %d", shift, got, status)
		}
		b.post(t, plainApp, signedAt(at, "n-2"), `{"MsgType":"text"}`, status)
		sealed := b.sealed(`{"MsgType":"text"}`)
		b.post(t, officialApp, signedAt(at, "n-3", sealed), `{"Encrypt":"`+sealed+`"}`, status)
	}
}

func TestAppsThatReceiveNothingAreNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714112445)
	query := b.signed("n-1")
	query.Set("echostr", "1")
	for _, app := range []domain.AppID{silentApp, "wx-unknown", "", officialApp + "/", "%2e%2e"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			wantAnswer(t, b.serve(t, method, app, query, officialMessage), http.StatusNotFound, "not found")
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodHead, http.MethodDelete, http.MethodOptions} {
		if got := b.serve(t, method, plainApp, query, "").StatusCode; got != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d, want %d", method, got, http.StatusMethodNotAllowed)
		}
	}
}

func TestAppsThatCannotBeServedAreRefused(t *testing.T) {
	t.Parallel()
	token := domain.NewSecret("token")
	short, foreign := domain.NewSecret(strings.Repeat("A", 42)), domain.NewSecret(strings.Repeat("-", 43))
	for name, apps := range map[string][]App{
		"key of 42 characters": {{ID: "wx1", Token: token, AESKey: short}}, "no base64": {{ID: "wx1", Token: token, AESKey: foreign}},
		"key with a line break":      {{ID: "wx1", Token: token, AESKey: domain.NewSecret(strings.Repeat("A", 42) + "\n")}},
		"key of 44 characters":       {{ID: "wx1", Token: token, AESKey: domain.NewSecret(strings.Repeat("A", 43) + "=")}},
		"key without a token":        {{ID: "wx1", AESKey: officialKey}},
		"mini-program that is twice": {{ID: "wx1", Token: token}, {ID: "wx1"}},
	} {
		_, err := New(nil, apps, nil, nil)
		if err == nil || !strings.Contains(err.Error(), "wx1") || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: got error %v, want one that names the mini-program and not the key", name, err)
		}
	}
}
