package bootstrap_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/chaos/proxy"
	"github.com/menjin-id/menjin/internal/testserver/proxytest"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// pairOfRedis is a server, a copy of it, and a way to either.
type pairOfRedis struct {
	t            *testing.T
	master, copy *redistest.Server
	copying      *proxy.Proxy // from the copy to the server
	front        *proxy.Proxy
	onMaster     *redis.Client
	onCopy       *redis.Client
}

func startPairOfRedis(t *testing.T) *pairOfRedis {
	t.Helper()
	p := &pairOfRedis{t: t, master: redistest.NewServer(t), copy: redistest.NewServer(t)}
	master := hostOf(t, p.master.URL())
	p.copying, p.front = proxytest.To(t, "tcp", master), proxytest.To(t, "tcp", master)
	p.onMaster, p.onCopy = redisAt(t, p.master.URL()), redisAt(t, p.copy.URL())
	way, err := url.Parse("redis://" + p.copying.Addr())
	if err == nil {
		err = p.onCopy.ReplicaOf(t.Context(), way.Hostname(), way.Port()).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func redisAt(t *testing.T, address string) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: hostOf(t, address)})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// copied waits until the copy has what the server has.
func (p *pairOfRedis) copied() {
	p.t.Helper()
	eventually(p.t, "the copy is up to date", func() bool {
		return p.onMaster.Wait(p.t.Context(), 1, time.Second).Val() == 1 &&
			p.onMaster.DBSize(p.t.Context()).Val() == p.onCopy.DBSize(p.t.Context()).Val()
	})
}

// failOver kills the server and puts the copy in its place.
func (p *pairOfRedis) failOver() {
	p.t.Helper()
	p.master.Kill()
	if err := p.onCopy.ReplicaOf(p.t.Context(), "NO", "ONE").Err(); err != nil {
		p.t.Fatal(err)
	}
	p.front.Redirect("tcp", hostOf(p.t, p.copy.URL()))
	p.front.Cut()
}

// heard waits until the service has heard of everything that the stream tells of sessions.
func (p *program) heard(js jetstream.JetStream) {
	p.tb.Helper()
	eventually(p.tb, "the service has heard what it announced", func() bool {
		ctx, cancel := context.WithTimeout(p.tb.Context(), time.Second)
		defer cancel()
		consumer, err := js.Consumer(ctx, userEvents, "menjin_revocations")
		if err != nil {
			return false
		}
		info := consumer.CachedInfo()
		return info.AckFloor.Consumer > 0 && info.NumPending == 0 && info.NumAckPending == 0
	})
}

func TestSessionThatACopyOfRedisBringsBackIsEndedAgain(t *testing.T) {
	t.Parallel()
	pair, w := startPairOfRedis(t), startWeChat(t)
	p := start(t, onServers(t).with(w.settings()).with(settings{"sessions.url": "redis://" + pair.front.Addr() + patientRedis}))
	leaver, stayer := p.login(w.code("leaver")), p.login(w.code("stayer"))
	pair.copied()
	pair.copying.Stall()
	p.expect(http.MethodPost, "/api/logout", leaver.Token, nil, http.StatusOK, "")
	p.check(leaver.Token, http.StatusUnauthorized, "SESSION_ENDED")
	p.heard(lookAt(t, p.events).js)
	pair.failOver()

	p.recovers("auth check", http.MethodGet, "/api/auth/check", stayer.Token, nothing)
	back := time.Now()
	eventually(t, "the ended session is refused", func() bool {
		return p.call(http.MethodGet, "/api/auth/check", leaver.Token, nil).Status == http.StatusUnauthorized
	})
	t.Logf("refused %s after the copy took over", time.Since(back).Round(time.Millisecond))
	p.check(leaver.Token, http.StatusUnauthorized, "SESSION_ENDED")
	p.expect(http.MethodPost, "/api/token/refresh", "", map[string]string{"refresh_token": leaver.RefreshToken},
		http.StatusUnauthorized, "REFRESH_TOKEN_INVALID")
	p.seesItself(stayer)
}
