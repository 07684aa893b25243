package bootstrap_test

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestSIGTERMLetsALoginFinish(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		s = s.with(w.settings())
		p := start(t, s)
		p.expect(http.MethodGet, "/health/ready", "", nil, http.StatusOK, "")
		w.play(wechatsandbox.Fault{Kind: wechatsandbox.FaultDelay, Delay: 2 * time.Second})
		type answer struct {
			in  signIn
			r   reply
			err error
		}
		finished := make(chan answer, 1)
		code := w.code("alice")
		go func() {
			in, r, err := p.tryLogin(code)
			finished <- answer{in, r, err}
		}()
		eventually(t, "WeChat is asked", func() bool { return w.Counters().Received == 1 })

		p.terminate()
		eventually(t, "the program is not ready any more", func() bool {
			r, err := p.try(http.MethodGet, "/health/ready", "", nil)
			return err != nil || r.Status == http.StatusServiceUnavailable
		})
		select {
		case <-finished:
			t.Error("the program stayed ready until the last request was answered")
		default:
		}
		got := <-finished
		if got.err != nil || got.r.Status != http.StatusOK {
			t.Fatalf("the login in flight: got %s %v, want 200", got.r, got.err)
		}
		if status := p.status(); status != 0 {
			t.Errorf("exit status: got %d, want 0", status)
		}

		again := start(t, s)
		again.check(got.in.Token, http.StatusNoContent, "")
		if events := of(again.drained(w), got.in.User.ID); len(events) != 1 {
			t.Errorf("events of who signed in last: got %d, want 1", len(events))
		}
		again.terminate()
		if status := again.status(); status != 0 {
			t.Errorf("exit status of the second run: got %d, want 0", status)
		}
	})
}

// A proxy that posts over a connection which is being closed does not know whether the request arrived, and may not repeat it.
func TestSIGTERMCutsOffNobodyWhoIsConnected(t *testing.T) {
	t.Parallel()
	p := start(t, local(t))
	p.client.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(p.client.CloseIdleConnections)
	var answered atomic.Int64
	var crowd sync.WaitGroup
	for range 16 {
		crowd.Go(func() {
			for {
				switch r, err := p.try(http.MethodPost, "/api/login", "", struct{}{}); {
				case errors.Is(err, syscall.ECONNREFUSED):
					return
				case err != nil || r.Status != http.StatusBadRequest && r.Status != http.StatusTooManyRequests:
					t.Errorf("got %s %v, want an answer until connections are refused", r, err)
					return
				default:
					answered.Add(1)
				}
			}
		})
	}
	eventually(t, "everybody is connected", func() bool { return answered.Load() > 200 })
	p.terminate()
	crowd.Wait()
	if status := p.status(); status != 0 {
		t.Errorf("exit status: got %d, want 0", status)
	}
}
