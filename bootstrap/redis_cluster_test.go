package bootstrap_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// A master that dies, or hangs, has the sessions of a third of all people, and here the count of what the address of all of them does.
func TestSignInsGoOnWhereverTheirMasterOfTheClusterLives(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(c *redistest.Cluster, master int){
		"dead": (*redistest.Cluster).Kill, "hung": (*redistest.Cluster).Pause,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster, w := redistest.NewCluster(t, time.Minute), startWeChat(t) // no copy takes over
			harmed := cluster.MasterOf("limit:{sign-in:127.0.0.1}")
			p := start(t, onServers(t).with(w.settings()).with(settings{"sessions.url": cluster.URL()}))
			people := map[bool]signIn{} // by whether their sessions are on the master that is harmed
			names := map[bool]string{}
			for i := 0; len(people) < 2; i++ {
				person := fmt.Sprintf("person-%d", i)
				in := p.login(w.code(person))
				there := cluster.MasterOf("{"+in.User.ID+"}") == harmed
				people[there], names[there] = in, person
			}
			harm(cluster, harmed)
			for range 2 {
				p.check(people[false].Token, http.StatusNoContent, "")
				r := p.call(http.MethodPost, "/api/login", "", map[string]string{"code": w.code(names[false])})
				t.Logf("sign-in where the master lives: %s after %s", r, r.Took)
				if r.Status != http.StatusOK || r.Took > time.Second+busyMachine {
					t.Errorf("sign-in where the master lives: got %s after %s, want 200 within a second", r, r.Took)
				}
				p.outOfOrder(http.MethodGet, "/api/auth/check", people[true].Token, nil)
				p.outOfOrder(http.MethodPost, "/api/login", "", map[string]string{"code": w.code(names[true])})
			}
			if state := readinessOf(p.call(http.MethodGet, "/health/ready", "", nil).Body); state != "ready" {
				t.Errorf("readiness while two of three masters answer: got %q, want ready", state)
			}
		})
	}
}
