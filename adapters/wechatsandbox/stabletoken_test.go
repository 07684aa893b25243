package wechatsandbox_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestStableTokenStaysTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	first := b.stable(t, false)
	b.clock.Advance(time.Hour)
	second := b.stable(t, false)
	if first.ExpiresIn != 7200 || second.ExpiresIn != 3600 || first.AccessToken != second.AccessToken {
		t.Errorf("got %d s, then %d s, same token %t; want 7200, 3600, true",
			first.ExpiresIn, second.ExpiresIn, first.AccessToken == second.AccessToken)
	}
}

func TestStableTokenIsRenewedFiveMinutesEarlyWithOverlap(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	first := b.stable(t, false).AccessToken
	b.clock.Advance(115*time.Minute - time.Second)
	if got := b.stable(t, false); got.AccessToken != first || got.ExpiresIn != 301 {
		t.Errorf("301 seconds before the end: got %d s, same token %t", got.ExpiresIn, got.AccessToken == first)
	}
	b.clock.Advance(time.Second)
	second := b.stable(t, false)
	if second.AccessToken == first || second.ExpiresIn != 7200 {
		t.Errorf("300 seconds before the end: got %d s, same token %t", second.ExpiresIn, second.AccessToken == first)
	}
	b.clock.Advance(5*time.Minute - time.Second)
	b.wantUse(t, "old token in the overlap", first, 0)
	b.clock.Advance(time.Second)
	b.wantUse(t, "old token after it", first, 42001)
	b.wantUse(t, "new token", second.AccessToken, 0)
}

func TestTheTwoTokenAPIsLeaveEachOtherAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	classic, stable := b.token(t).AccessToken, b.stable(t, false).AccessToken
	b.stable(t, true)
	b.token(t)
	b.clock.Advance(4 * time.Minute)
	b.wantUse(t, "token after a forced renewal of the other", classic, 0)
	if got := b.stable(t, false).AccessToken; got == stable {
		t.Error("stable token: got the old one after a renewal by force")
	}
	b.wantUse(t, "stable token renewed by force", stable, 40001)
}

func TestForcedRenewalWaitsHalfAMinute(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	first := b.stable(t, true).AccessToken
	b.clock.Advance(29 * time.Second)
	if got := b.stable(t, true); got.AccessToken != first || got.ExpiresIn != 7171 {
		t.Errorf("after 29 seconds: got %d s, same token %t, want 7171, true", got.ExpiresIn, got.AccessToken == first)
	}
	b.clock.Advance(time.Second)
	second := b.stable(t, true).AccessToken
	if second == first {
		t.Error("after 30 seconds: got the same token")
	}
	b.wantUse(t, "token before", first, 40001)
}

func TestForcedRenewalsAreTwentyADay(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	for i := range 20 {
		if got := b.stable(t, true); got.Errcode != 0 {
			t.Fatalf("renewal %d: got %+v", i+1, got)
		}
		b.clock.Advance(30 * time.Second)
	}
	if got := b.stable(t, true); got.Errcode != 45009 {
		t.Errorf("renewal 21: got %+v, want errcode 45009", got)
	}
	if got := b.stable(t, false); got.Errcode != 0 {
		t.Errorf("without force: got %+v, want the token in force", got)
	}
	b.clock.Advance(8 * time.Hour) // 16:10 in Beijing, so the day is another one
	if got := b.stable(t, true); got.Errcode != 0 {
		t.Errorf("next day: got %+v, want a token", got)
	}
}

func TestStableTokenMistakesGetTheirErrcode(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	const app, secret = wechatsandbox.DemoAppID, wechatsandbox.DemoSecret
	for _, test := range []struct {
		name, method, body string
		want               int
	}{
		{"GET", http.MethodGet, "", 43002},
		{"no body", http.MethodPost, " ", 44002},
		{"form", http.MethodPost, tokenQuery().Encode(), 47001},
		{"wrong type", http.MethodPost, stableBody + `,"force_refresh":"true"}`, 47001},
		{"body beyond the bound", http.MethodPost, stableBody + `,"x":"` + strings.Repeat("x", 70<<10) + `"}`, 47001},
		{"no appid", http.MethodPost, `{"grant_type":"client_credential","secret":"` + secret + `"}`, 41002},
		{"appid in other letters", http.MethodPost, `{"grant_type":"client_credential","AppID":"` + app + `","secret":"` + secret + `"}`, 41002},
		{"array", http.MethodPost, "[]", 47001},
		{"null", http.MethodPost, "null", 41002},
		{"no secret", http.MethodPost, `{"grant_type":"client_credential","appid":"` + app + `"}`, 41004},
		{"no grant type", http.MethodPost, `{"appid":"` + app + `","secret":"` + secret + `"}`, 40002},
		{"unknown app", http.MethodPost, `{"grant_type":"client_credential","appid":"wx0","secret":"x"}`, 40013},
		{"wrong secret", http.MethodPost, `{"grant_type":"client_credential","appid":"` + app + `","secret":"x"}`, 40125},
	} {
		if got := b.api(t, test.method, "/cgi-bin/stable_token", tokenQuery(), test.body); got.Errcode != test.want {
			t.Errorf("%s: got %+v, want errcode %d", test.name, got, test.want)
		}
	}
}

func TestConcurrentFetchesOfTheStableTokenAgree(t *testing.T) {
	t.Parallel()
	server := wechatsandbox.New(wechatsandbox.Options{})
	var (
		mu      sync.Mutex
		fetches sync.WaitGroup
		answers = map[string]int{}
	)
	for range 50 {
		fetches.Go(func() {
			w := httptest.NewRecorder()
			body := bytes.NewBufferString(stableBody + "}")
			server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/stable_token", body))
			token, _, _ := strings.Cut(w.Body.String(), `","expires_in"`)
			mu.Lock()
			defer mu.Unlock()
			answers[token]++
		})
	}
	fetches.Wait()
	if len(answers) != 1 {
		t.Errorf("got %d different tokens, want 1", len(answers))
	}
	if got := server.Counters(); got.TokenFetches != 50 || got.Calls["/cgi-bin/stable_token"] != 50 {
		t.Errorf("got %d fetches, %d calls, want 50 of both", got.TokenFetches, got.Calls["/cgi-bin/stable_token"])
	}
}
