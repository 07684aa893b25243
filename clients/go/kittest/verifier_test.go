package kittest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/kittest"
	"github.com/menjin-id/menjin/clients/go/verifier"
)

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestGoodTokenTellsWhoCalls(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	ed, edKey := newEdDSA(t, "k1")
	es, esKey := newES256(t, "k2")
	i.publish(edKey, esKey, object{"kty": "RSA", "kid": "k3", "n": "AQAB", "e": "AQAB"})
	v := verifier.New(i.server.URL, verifier.Options{Log: silent()})
	for _, s := range []signer{ed, es, ed} {
		got, err := v.Verify(t.Context(), s.token(t, claims(nil), nil))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, "claims", fmt.Sprint(got.UserID, got.SessionID, got.TokenID, got.Roles, got.Version), "u1s1t1[user] 3")
		if left := time.Until(got.ExpiresAt); left < 59*time.Minute || left > time.Hour {
			t.Errorf("expiry: got in %s, want in an hour", left)
		}
	}
	wantEqual(t, "fetches", i.fetches.Load(), 1)
}

func TestForgedTokenIsRefused(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	ours, ourKey := newEdDSA(t, "k1")
	es, esKey := newES256(t, "k2")
	i.publish(ourKey, esKey)
	foreign, foreignKey := newEdDSA(t, "k1")
	began := time.Now()
	v := verifier.New(i.server.URL, verifier.Options{Log: silent()})
	good := ours.token(t, claims(nil), nil)
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Fatalf("the genuine one: %v", err)
	}
	parts := strings.Split(good, ".")
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims(nil)).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	symmetric := func(secret []byte) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(nil))
		token.Header["kid"] = "k1"
		text, err := token.SignedString(secret)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	header := func(h object) string { return ours.token(t, claims(nil), h) }
	said := func(c object) string { return ours.token(t, claims(c), nil) }
	forged := map[string]string{
		"nothing": "", "dots": "..", "alg none": unsigned, "alg none, our kid": header(object{"alg": "none"}),
		"HS256 over the public key": symmetric([]byte(ourKey["x"].(string))), "HS256 over nothing": symmetric([]byte{}),
		"no kid": header(object{"kid": nil}), "kid a list": header(object{"kid": []string{"k1"}}),
		"another key's algorithm": header(object{"alg": "ES256"}), "kid of another algorithm": header(object{"kid": "k2"}),
		"ES256 under our kid": signer{"k1", es.method, es.key}.token(t, claims(nil), nil),
		"their key":           foreign.token(t, claims(nil), nil), "embedded jwk": foreign.token(t, claims(nil), object{"jwk": foreignKey}),
		"jku": foreign.token(t, claims(nil), object{"jku": "http://127.0.0.1:1/keys"}), "crit": header(object{"crit": []string{"exp"}}),
		"another typ": header(object{"typ": "logout+jwt"}), "signature cut": good[:len(good)-4], "line break": good[:len(good)-4] + "\n" + good[len(good)-4:],
		"other payload":  parts[0] + "." + encode([]byte(`{"sub":"u2"}`)) + "." + parts[2],
		"no signature":   parts[0] + "." + parts[1] + ".",
		"too long":       header(object{"pad": strings.Repeat("x", 5000)}),
		"another issuer": said(object{"iss": "menjin "}), "another audience": said(object{"aud": "other"}),
		"audience among many": said(object{"aud": []string{"menjin", "other"}}), "future": said(object{"iat": time.Now().Add(time.Hour).Unix()}),
		"version of text": said(object{"ver": "3"}), "version 0": said(object{"ver": 0}), "not before": said(object{"nbf": 1}),
	}
	for _, claim := range []string{"iss", "aud", "sub", "sid", "jti", "iat", "exp"} {
		forged["no "+claim] = said(object{claim: nil})
	}
	for name, text := range forged {
		if got, err := v.Verify(t.Context(), text); !errors.Is(err, verifier.ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want %v", name, got, err, verifier.ErrInvalid)
		} else if len(text) > 10 && strings.Contains(err.Error(), text[:10]) {
			t.Errorf("%s: the error quotes the token", name)
		}
	}
	if _, err := v.Verify(t.Context(), said(object{"exp": time.Now().Unix() - 1})); !errors.Is(err, verifier.ErrExpired) {
		t.Errorf("expired: got %v, want %v", err, verifier.ErrExpired)
	}
	unknown := header(object{"kid": "k9"})
	until(t, "an unknown kid is refused by keys that were fetched for it", func() bool {
		_, err := v.Verify(t.Context(), unknown)
		if !errors.Is(err, verifier.ErrInvalid) && !errors.Is(err, verifier.ErrUnavailable) {
			t.Fatalf("unknown kid: got %v, want %v or %v", err, verifier.ErrInvalid, verifier.ErrUnavailable)
		}
		return errors.Is(err, verifier.ErrInvalid)
	})
	if got, most := i.fetches.Load(), 2+int64(time.Since(began)/(5*time.Second)); got > most {
		t.Errorf("fetches: got %d, want %d: two at first, and one in five seconds", got, most)
	}
}

func TestNewKeyIsFoundAndOldOnesServeThroughAnOutage(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	first, firstKey := newEdDSA(t, "k1")
	second, secondKey := newEdDSA(t, "k2")
	i.publish(firstKey)
	i.headers.Set("Cache-Control", "no-store")
	v := verifier.New(i.server.URL, verifier.Options{Log: silent()})
	if _, err := v.Verify(t.Context(), first.token(t, claims(nil), nil)); err != nil {
		t.Fatal(err)
	}
	i.publish(secondKey)
	until(t, "the new key is known", func() bool {
		_, err := v.Verify(t.Context(), second.token(t, claims(nil), nil))
		return err == nil
	})
	wantEqual(t, "fetches", i.fetches.Load(), 2)
	i.answer(http.StatusBadGateway)
	third, _ := newEdDSA(t, "k3")
	until(t, "an unknown key cannot be asked for", func() bool {
		_, err := v.Verify(t.Context(), third.token(t, claims(nil), nil))
		return errors.Is(err, verifier.ErrUnavailable)
	})
	if _, err := v.Verify(t.Context(), first.token(t, claims(nil), nil)); err != nil {
		t.Errorf("a known key in an outage: %v", err)
	}
}

func TestKeysAreTooOldAfterTheirBound(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s, key := newEdDSA(t, "k1")
	i.publish(key)
	v := verifier.New(i.server.URL, verifier.Options{KeysMaxAge: time.Millisecond, Log: silent()})
	if _, err := v.Verify(t.Context(), s.token(t, claims(nil), nil)); err != nil && !errors.Is(err, verifier.ErrUnavailable) {
		t.Fatal(err)
	}
	i.answer(http.StatusServiceUnavailable)
	until(t, "the keys are too old", func() bool {
		_, err := v.Verify(t.Context(), s.token(t, claims(nil), nil))
		return errors.Is(err, verifier.ErrUnavailable)
	})
}

func TestFirstCallersShareOneFetch(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s, key := newEdDSA(t, "k1")
	i.publish(key)
	v := verifier.New(i.server.URL, verifier.Options{Log: silent()})
	text := s.token(t, claims(nil), nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := v.Verify(t.Context(), text); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantEqual(t, "fetches", i.fetches.Load(), 1)
}

// follow makes a verifier that follows the feed of a server.
func follow(t *testing.T, i *issuer, server *kittest.Server, options verifier.Options) *verifier.Verifier {
	t.Helper()
	options.Feed, options.Log = server.JetStream(t), silent()
	v := verifier.New(i.server.URL, options)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); v.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return v
}

func ended(user string, sequence int64, session, except *string) kittest.Event {
	return kittest.Of(menjin.TypeSessionEnded, user, sequence, menjin.SessionEnded{
		UserID: user, SessionID: session, ExceptSessionID: except, Reason: "logout", EndedAt: time.Now().UTC(),
	})
}

func TestRevokedTokenIsRefused(t *testing.T) {
	t.Parallel()
	i, server := newIssuer(t), kittest.Start(t)
	s, key := newEdDSA(t, "k1")
	i.publish(key)
	one, two, three := "s0", "s2", "s3"
	server.Publish(t, // before the verifier starts: it reads them back
		ended("one", 5, &one, nil), ended("all", 5, nil, nil), ended("but", 5, nil, &two), ended("twice", 4, nil, &two),
		kittest.Of(menjin.TypeLocked, "locked", 5, menjin.Locked{}), kittest.Of(menjin.TypeDeleted, "deleted", 5, menjin.Deleted{}),
		kittest.Of(menjin.TypeRolesChanged, "roles", 5, menjin.RolesChanged{Roles: []string{"guest"}, ChangedAt: time.Now().UTC()}))
	idle := verifier.New(i.server.URL, verifier.Options{Feed: server.JetStream(t), Log: silent()})
	if idle.Staleness() < time.Hour {
		t.Errorf("staleness before the feed is read: got %s, want a century", idle.Staleness())
	}
	v := follow(t, i, server, verifier.Options{})
	until(t, "the feed is read", func() bool { return v.Staleness() < 2*time.Second })
	server.Publish(t, ended("twice", 7, nil, &three)) // and one that comes live
	token := func(user, session string, overrides object) string {
		c := object{"sub": user, "sid": session}
		for name, value := range overrides {
			c[name] = value
		}
		return s.token(t, claims(c), nil)
	}
	until(t, "the live event is here", func() bool {
		_, err := v.Verify(t.Context(), token("twice", "s2", nil))
		return errors.Is(err, verifier.ErrEnded)
	})
	old := object{"ver": nil, "iat": time.Now().Add(-time.Minute).Unix()}
	young := object{"ver": nil, "iat": time.Now().Add(2 * time.Second).Unix()}
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"the session that ended":            {token("one", "s0", nil), verifier.ErrEnded},
		"another session":                   {token("one", "s2", nil), nil},
		"all sessions":                      {token("all", "s1", nil), verifier.ErrEnded},
		"all sessions, opened after":        {token("all", "s1", object{"ver": 5}), nil},
		"all sessions, no version":          {token("all", "s1", old), verifier.ErrEnded},
		"all sessions, no version, younger": {token("all", "s1", young), nil},
		"all but this":                      {token("but", "s2", nil), nil},
		"all but another":                   {token("but", "s1", nil), verifier.ErrEnded},
		"excepted only the second time":     {token("twice", "s3", nil), verifier.ErrEnded},
		"excepted, opened in between":       {token("twice", "s3", object{"ver": 4}), nil},
		"locked":                            {token("locked", "s1", nil), verifier.ErrEnded},
		"locked, unlocked, signed in again": {token("locked", "s1", object{"ver": 6}), nil},
		"deleted":                           {token("deleted", "s1", nil), verifier.ErrEnded},
		"somebody else":                     {token("else", "s9", nil), nil},
	} {
		if _, err := v.Verify(t.Context(), test.text); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
	got, err := v.Verify(t.Context(), token("roles", "s1", nil))
	wantEqual(t, "roles", fmt.Sprint(got.Roles, err), "[guest] <nil>")
}

func TestStaleFeedRefusesOrServesAsAskedFor(t *testing.T) {
	t.Parallel()
	i, server := newIssuer(t), kittest.Start(t)
	s, key := newEdDSA(t, "k1")
	i.publish(key)
	strict := follow(t, i, server, verifier.Options{MaxStaleness: 3 * time.Second})
	lenient := follow(t, i, server, verifier.Options{MaxStaleness: 3 * time.Second, ServeStale: true})
	text := s.token(t, claims(nil), nil)
	until(t, "the feed is read", func() bool { _, err := strict.Verify(t.Context(), text); return err == nil })
	server.Stop()
	until(t, "the feed is stale", func() bool {
		_, err := strict.Verify(t.Context(), text)
		return errors.Is(err, verifier.ErrUnavailable)
	})
	if _, err := lenient.Verify(t.Context(), text); err != nil {
		t.Errorf("a lenient verifier: %v", err)
	}
	server.Restart(t)
	session := "s1"
	server.Publish(t, ended("u1", 9, &session, nil))
	until(t, "the feed is followed again", func() bool {
		_, err := strict.Verify(t.Context(), text)
		return errors.Is(err, verifier.ErrEnded)
	})
}

func TestMiddlewareAnswersAsTheServiceDoes(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s, key := newEdDSA(t, "k1")
	i.publish(key)
	v := verifier.New(i.server.URL, verifier.Options{Log: silent()})
	down := verifier.New("http://127.0.0.1:1/keys", verifier.Options{Log: silent()})
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, found := verifier.FromContext(r.Context())
		fmt.Fprint(w, caller.UserID, found)
	})
	good := "Bearer " + s.token(t, claims(nil), nil)
	for name, test := range map[string]struct {
		handler       http.Handler
		authorization string
		want          string
	}{
		"good":          {v.Middleware(page), good, "200  u1true"},
		"lower case":    {v.Middleware(page), "bearer" + good[6:], "200  u1true"},
		"none":          {v.Middleware(page), "", `401 Bearer {"code":401,"message":"Unauthorized","reason":"TOKEN_MISSING"}`},
		"another kind":  {v.Middleware(page), "Basic " + good[7:], `401 Bearer {"code":401,"message":"Unauthorized","reason":"TOKEN_MISSING"}`},
		"bad":           {v.Middleware(page), "Bearer x", `401 Bearer error="invalid_token" {"code":401,"message":"Unauthorized","reason":"TOKEN_INVALID"}`},
		"nobody knows":  {down.Middleware(page), good, `503  {"code":503,"message":"Service Unavailable","reason":"DEPENDENCY_UNAVAILABLE"}`},
		"role":          {v.Middleware(verifier.RequireRole("user", page)), good, "200  u1true"},
		"no such role":  {v.Middleware(verifier.RequireRole("admin", page)), good, `403  {"code":403,"message":"Forbidden","reason":"PERMISSION_DENIED"}`},
		"no middleware": {verifier.RequireRole("user", page), good, `403  {"code":403,"message":"Forbidden","reason":"PERMISSION_DENIED"}`},
	} {
		request, answer := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		if test.authorization != "" {
			request.Header.Set("Authorization", test.authorization)
		}
		test.handler.ServeHTTP(answer, request)
		got := fmt.Sprint(answer.Code, " ", answer.Header().Get("WWW-Authenticate"), " ", strings.TrimSpace(answer.Body.String()))
		wantEqual(t, name, got, test.want)
	}
}
