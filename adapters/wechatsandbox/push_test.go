package wechatsandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestPushIsTriedFourTimes(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	for _, test := range []struct {
		name     string
		refusals int
		answer   string
		attempts int
		accepted int
	}{
		{"accepted at once", 0, "success", 1, 1},
		{"empty answer", 0, "", 1, 1},
		{"answered with a message", 0, `{"Encrypt":"x"}`, 1, 1},
		{"accepted at last", 3, "success", 4, 1},
		{"never accepted", 4, "", 4, 0},
		{"answered with a page", 0, "<html>", 4, 0},
	} {
		in := receive(t, func(number int, w http.ResponseWriter, _ *http.Request) {
			if number <= test.refusals {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = io.WriteString(w, test.answer)
		})
		report, all := b.push(t, in, wechatsandbox.Push{AESKey: pushKey}), in.all()
		if len(report.Attempts) != test.attempts || len(all) != test.attempts || report.Accepted != test.accepted {
			t.Errorf("%s: got %d requests, report %+v; want %d attempts, %d accepted", test.name, len(all), report, test.attempts, test.accepted)
		}
		if len(all) > 1 && all[0].query.Get("nonce") == all[1].query.Get("nonce") {
			t.Errorf("%s: the second try has the nonce of the first", test.name)
		}
	}
}

func TestPushDoesNotWaitForASlowReceiver(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{PushTimeout: 50 * time.Millisecond})
	in := receive(t, func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	report := b.push(t, in, wechatsandbox.Push{})
	if len(report.Attempts) != 4 || report.Accepted != 0 {
		t.Fatalf("got %+v, want four attempts in vain", report)
	}
	for _, a := range report.Attempts {
		if a.Status != 0 || a.Error == "" || strings.Contains(a.Error, "signature") {
			t.Errorf("got %+v, want an error that does not tell the URL", a)
		}
	}
}

func TestURLIsVerifiedByEcho(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	echo := func(_ int, w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Query().Get("echostr"))
	}
	for name, test := range map[string]struct {
		answer   func(int, http.ResponseWriter, *http.Request)
		accepted int
	}{"echoed": {echo, 1}, "not echoed": {nil, 0}} {
		in := receive(t, test.answer)
		report := b.push(t, in, wechatsandbox.Push{Verify: true})
		if got := in.only(t); got.method != http.MethodGet || !got.signed("") || got.query.Get("echostr") == "" || report.Accepted != test.accepted {
			t.Errorf("%s: got %+v and %+v, want a signed GET and %d accepted", name, got, report, test.accepted)
		}
	}
}

func TestMessagesAreRepeatedAndReordered(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		push  wechatsandbox.Push
		times []int64 // CreateTime, as seconds before the latest
		same  bool    // the first two requests
	}{
		{"in order", wechatsandbox.Push{Count: 3}, []int64{2, 1, 0}, false},
		{"out of order", wechatsandbox.Push{Count: 3, OutOfOrder: true}, []int64{0, 1, 2}, false},
		{"copies", wechatsandbox.Push{Count: 2, Copies: 2}, []int64{1, 1, 0, 0}, false},
		{"replayed", wechatsandbox.Push{Copies: 2, Replay: true, AESKey: pushKey, Mode: wechatsandbox.PushCompatible}, []int64{0, 0}, true},
	} {
		b, in := setup(t, wechatsandbox.Options{}), receive(t, nil)
		report := b.push(t, in, test.push)
		all := in.all()
		if len(all) != len(test.times) || report.Accepted != len(all) || b.Counters().Pushes != uint64(len(all)) {
			t.Errorf("%s: got %d requests, %d accepted, want %d", test.name, len(all), report.Accepted, len(test.times))
			continue
		}
		for i, ago := range test.times {
			if got, want := fields(t, all[i].body)["CreateTime"], fmt.Sprint(b.clock.Now().Unix()-ago); got != want {
				t.Errorf("%s: request %d: got CreateTime %s, want %s", test.name, i+1, got, want)
			}
		}
		if same := all[0].query.Encode() == all[1].query.Encode() && all[0].body == all[1].body; same != test.same {
			t.Errorf("%s: second request the same: got %t, want %t", test.name, same, test.same)
		}
	}
}

func TestPushGoesNowhereButLoopback(t *testing.T) {
	t.Parallel()
	server := wechatsandbox.New(wechatsandbox.Options{})
	for _, target := range []string{
		"http://192.0.2.1/", "http://example.com/", "http://127.0.0.1.example.com/", "http://169.254.169.254/", "http://0.0.0.0/", "http://[::]/", "http:///",
	} {
		if _, err := server.Push(t.Context(), wechatsandbox.Push{URL: target, Token: "x"}); !errors.Is(err, wechatsandbox.ErrNotLoopback) {
			t.Errorf("%s: got %v, want ErrNotLoopback", target, err)
		}
	}
}

func TestPushFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	in := receive(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	if report := b.push(t, in, wechatsandbox.Push{}); report.Accepted != 0 || len(in.all()) != 4 || report.Attempts[0].Status != http.StatusFound {
		t.Errorf("got %+v, want four times 302", report)
	}
}

func TestPushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	in := receive(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	report, err := b.Push(ctx, wechatsandbox.Push{URL: in.URL, Token: "x", Count: 100})
	if !errors.Is(err, context.Canceled) || len(report.Attempts) != 1 {
		t.Errorf("got %d attempts, %v, want 1 and context.Canceled", len(report.Attempts), err)
	}
}

func TestBadPushesAreRefused(t *testing.T) {
	t.Parallel()
	b, in := setup(t, wechatsandbox.Options{}), receive(t, nil)
	for _, test := range []struct{ name, order, reason string }{
		{"no url", `{"token":"x"}`, "url must be http"},
		{"other scheme", `{"url":"file:///etc/passwd","token":"x"}`, "url must be http"},
		{"password", `{"url":"http://a:b@127.0.0.1/","token":"x"}`, "no password"},
		{"no token", `{"url":"` + in.URL + `"}`, "token must be given"},
		{"unknown app", `{"url":"` + in.URL + `","token":"x","app_id":"wx-none"}`, "no such app"},
		{"unknown mode", `{"url":"` + in.URL + `","token":"x","mode":"x"}`, "the modes are"},
		{"unknown format", `{"url":"` + in.URL + `","token":"x","format":"x"}`, "the formats are"},
		{"no key", `{"url":"` + in.URL + `","token":"x","mode":"secure"}`, "43 letters"},
		{"short key", `{"url":"` + in.URL + `","token":"x","aes_key":"secret-key"}`, "43 letters"},
		{"too many", `{"url":"` + in.URL + `","token":"x","count":50,"copies":3}`, "must not exceed 100"},
		{"bad event", `{"url":"` + in.URL + `","token":"x","event":"a b"}`, "is no name"},
		{"bad field", `{"url":"` + in.URL + `","token":"x","fields":{"<x>":""}}`, "is no name"},
		{"bad age", `{"url":"` + in.URL + `","token":"x","age":"long"}`, "no duration"},
	} {
		response, body := b.send(t, http.MethodPost, b.URL+"/_sandbox/push", test.order)
		if response.StatusCode < 400 || !strings.Contains(body, test.reason) || strings.Contains(body, "secret-key") {
			t.Errorf("%s: got %d %s, want a refusal with %q", test.name, response.StatusCode, body, test.reason)
		}
	}
	if got := len(in.all()); got != 0 {
		t.Errorf("got %d requests, want none", got)
	}
}

func TestPushIsOrderedByHTTP(t *testing.T) {
	t.Parallel()
	b, in := setup(t, wechatsandbox.Options{}), receive(t, nil)
	order := `{"url":"` + in.URL + `","token":"` + pushToken + `","aes_key":"` + pushKey + `","event":"user_info_modified","person":"alice","age":"1h"}`
	var report wechatsandbox.PushReport
	b.order(t, http.MethodPost, "/_sandbox/push", order, &report)
	message, _ := decrypt(t, fields(t, in.only(t).body)["Encrypt"])
	if got := fields(t, message); got["OpenID"] != b.OpenID("", "alice") || got["CreateTime"] != "1740812400" || report.Accepted != 1 {
		t.Errorf("got %v and %+v, want an accepted message of an hour ago about alice", got, report)
	}
}
