package wechatsandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// try is an exchange that may go wrong on the way.
func (b *bundle) try(ctx context.Context, code string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.exchangeURL(query(code)), nil)
	if err != nil {
		return 0, "", err
	}
	response, err := b.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

func TestFaultBeforeTheWorkSparesTheCodeAndAfterItSpendsIt(t *testing.T) {
	t.Parallel()
	for _, fault := range []wechatsandbox.Fault{
		{Kind: wechatsandbox.FaultReset},
		{Kind: wechatsandbox.FaultStatus, Status: 503},
		{Kind: wechatsandbox.FaultBadGateway},
		{Kind: wechatsandbox.FaultErrcode, Errcode: -1},
	} {
		for _, after := range []bool{false, true} {
			t.Run(string(fault.Kind), func(t *testing.T) {
				t.Parallel()
				b := setup(t, wechatsandbox.Options{})
				fault.After = after
				b.script(t, fault)
				code := b.Code(t, "alice")
				if status, body, err := b.try(t.Context(), code); err == nil && strings.Contains(body, "openid") {
					t.Errorf("struck call: got status %d, body %s, want no session", status, body)
				}
				want := map[bool]int{false: 0, true: 40163}[after]
				if got := b.exchange(t, code).errcode(); got != want {
					t.Errorf("after %t, next use of the code: got errcode %d, want %d", after, got, want)
				}
			})
		}
	}
}

func TestResetIsSeenAsReset(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultReset, After: true})
	_, _, err := b.try(t.Context(), b.Code(t, "alice"))
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want a connection reset", err)
	}
}

func TestHangLastsUntilTheClientGivesUp(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultHang, After: true})
	code := b.Code(t, "alice")
	ctx, giveUp := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, _, err := b.try(ctx, code)
		done <- err
	}()
	until(t, "the call has arrived", func() bool { return b.Counters().Received == 1 })
	if got := b.Counters().Finished; got != 0 {
		t.Errorf("finished while hanging: got %d, want 0", got)
	}
	giveUp()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("client: got %v, want its own cancellation", err)
	}
	until(t, "the sandbox let go", func() bool { return b.Counters().Finished == 1 })
	if got := b.exchange(t, code).errcode(); got != 40163 {
		t.Errorf("code after the hang: got errcode %d, want 40163", got)
	}
}

func TestHangRunsIntoTheClientsTimeout(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultHang})
	b.client.Timeout = 50 * time.Millisecond
	_, _, err := b.try(t.Context(), b.Code(t, "alice"))
	if netErr, ok := errors.AsType[net.Error](err); !ok || !netErr.Timeout() {
		t.Errorf("got %v, want a timeout", err)
	}
}

func TestDelayPutsOffTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultDelay, Delay: 30 * time.Millisecond})
	start := time.Now()
	if got := b.exchange(t, b.Code(t, "alice")); got.OpenID == "" {
		t.Errorf("got %+v, want a session", got)
	}
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("answer took %s, want at least 30ms", took)
	}
}

func TestSlowBodyDripsAndIsWhole(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultSlowBody, Delay: 50 * time.Millisecond})
	start := time.Now()
	if got := b.exchange(t, b.Code(t, "alice")); got.OpenID == "" {
		t.Errorf("got %+v, want a session", got)
	}
	if took := time.Since(start); took < 40*time.Millisecond {
		t.Errorf("answer took %s, want about 50ms", took)
	}
}

func TestSlowBodyRunsIntoTheClientsTimeout(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultSlowBody, Delay: time.Minute})
	b.client.Timeout = 2 * time.Second // enough for the head and the first bytes
	status, body, err := b.try(t.Context(), b.Code(t, "alice"))
	if status != http.StatusOK || body == "" || err == nil {
		t.Errorf("got status %d, %d bytes, %v; want 200, some bytes and a timeout", status, len(body), err)
	}
	until(t, "the sandbox let go", func() bool { return b.Counters().Finished == 1 })
}

func TestBentAnswers(t *testing.T) {
	t.Parallel()
	parses := func(body string) bool { return json.Valid([]byte(body)) }
	for _, test := range []struct {
		fault  wechatsandbox.Fault
		status int
		holds  func(body string, err error) bool
	}{
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultBrokenJSON}, 200, func(body string, err error) bool { return err == nil && !parses(body) }},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultTruncatedBody}, 200, func(body string, err error) bool { return body != "" && errors.Is(err, io.ErrUnexpectedEOF) }},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultBOM}, 200, func(body string, _ error) bool { return strings.HasPrefix(body, "\ufeff{") }},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultHugeBody}, 200, func(body string, _ error) bool { return len(body) > 10<<20 && parses(body) }},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultStatus}, 503, func(body string, _ error) bool { return !parses(body) }},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultBadGateway}, 502, func(body string, _ error) bool { return strings.Contains(body, "<html>") }},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: -1}, 200, func(body string, _ error) bool {
			return strings.HasPrefix(body, `{"errcode":-1,"errmsg":"system error, rid: `)
		}},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: 45009, Errmsg: "reach max api daily quota limit"}, 200, func(body string, _ error) bool {
			return strings.HasPrefix(body, `{"errcode":45009,"errmsg":"reach max api daily quota limit, rid: `)
		}},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultEmptyOpenID}, 200, func(body string, _ error) bool { return strings.Contains(body, `"openid":""`) }},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultShortSessionKey}, 200, func(body string, _ error) bool {
			return strings.Contains(body, `"session_key":"dG9vIHNob3J0"`)
		}},
		{wechatsandbox.Fault{Kind: wechatsandbox.FaultWithErrcode}, 200, func(body string, _ error) bool {
			return strings.Contains(body, `"errcode":0,"errmsg":"ok"`) && strings.Contains(body, `"openid":"o`)
		}},
	} {
		t.Run(string(test.fault.Kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t, wechatsandbox.Options{})
			b.script(t, test.fault)
			status, body, err := b.try(t.Context(), b.Code(t, "alice"))
			if status != test.status || !test.holds(body, err) {
				t.Errorf("got status %d, %d bytes %.80q, %v", status, len(body), body, err)
			}
			if got := b.exchange(t, b.Code(t, "alice")); got.OpenID == "" {
				t.Errorf("call after the fault: got %+v, want a session", got)
			}
		})
	}
}

func TestErrcodeCanBeLeftOutOfOneAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{WithErrcode: true})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultWithoutErrcode})
	if got := b.exchange(t, b.Code(t, "alice")); got.Errcode != nil || got.OpenID == "" {
		t.Errorf("got errcode %v, openid %q, want a session without errcode", got.Errcode, got.OpenID)
	}
}

func TestFaultsStrikeInOrderAndAsOftenAsTold(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: -1, Times: 2},
		wechatsandbox.Fault{Route: "/sns/jscode2session", Kind: wechatsandbox.FaultErrcode, Errcode: 45009})
	code := b.Code(t, "alice")
	for i, want := range []int{-1, -1, 45009, 0, 40163} {
		if got := b.exchange(t, code).errcode(); got != want {
			t.Errorf("call %d: got errcode %d, want %d", i+1, got, want)
		}
	}
	if left := b.Faults(); len(left) != 0 {
		t.Errorf("script: got %v left, want nothing", left)
	}
}

func TestFaultWithoutEndLastsUntilCleared(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: -1, Times: -1})
	code := b.Code(t, "alice")
	for range 5 {
		if got := b.exchange(t, code).errcode(); got != -1 {
			t.Errorf("while scripted: got errcode %d, want -1", got)
		}
	}
	b.ClearFaults()
	if got := b.exchange(t, code).errcode(); got != 0 {
		t.Errorf("after clearing: got errcode %d, want a success", got)
	}
}

func TestChanceIsRepeatableBySeed(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) string {
		b := setup(t, wechatsandbox.Options{Seed: seed, MinuteLimit: -1})
		b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: -1, Times: -1, Chance: 0.5})
		var hits bytes.Buffer
		for range 64 {
			hits.WriteString(map[bool]string{true: "x", false: "."}[b.exchange(t, b.Code(t, "alice")).errcode() == -1])
		}
		return hits.String()
	}
	first := run(1)
	if again := run(1); again != first {
		t.Errorf("same seed: got %s, want %s", again, first)
	}
	if run(2) == first || !strings.Contains(first, "x") || !strings.Contains(first, ".") {
		t.Errorf("chance of a half: got %s, want a mix that follows the seed", first)
	}
}

func TestBadFaultsAreRefusedTogether(t *testing.T) {
	t.Parallel()
	good := wechatsandbox.Fault{Kind: wechatsandbox.FaultHang}
	for name, bad := range map[string]wechatsandbox.Fault{
		"unknown kind":      {Kind: "explode"},
		"unknown route":     {Kind: wechatsandbox.FaultHang, Route: "/nowhere"},
		"chance above one":  {Kind: wechatsandbox.FaultHang, Chance: 2},
		"negative delay":    {Kind: wechatsandbox.FaultDelay, Delay: -1},
		"status 200":        {Kind: wechatsandbox.FaultStatus, Status: 200},
		"errcode 0":         {Kind: wechatsandbox.FaultErrcode},
		"size beyond bound": {Kind: wechatsandbox.FaultHugeBody, Size: 1 << 30},
	} {
		server := wechatsandbox.New(wechatsandbox.Options{})
		if err := server.AddFaults(good, bad); err == nil || len(server.Faults()) != 0 {
			t.Errorf("%s: got %v and %d faults scripted, want an error and none", name, err, len(server.Faults()))
		}
	}
}
