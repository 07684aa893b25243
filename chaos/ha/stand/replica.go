package stand

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/menjin-id/menjin/internal/testserver"
)

// Mark is the first argument of this program where it is the service.
const Mark = "ha-replica"

// Replica is one process of the service, on the same port however often it dies.
type Replica struct {
	testserver.Restartable
	addr string
	spec testserver.Spec
}

func (s *Stand) replica(number int, program string) (*Replica, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := s.Folder(fmt.Sprintf("replica-%d", number+1))
	if err != nil {
		return nil, err
	}
	r := &Replica{addr: addr, spec: testserver.Spec{Dir: dir, Env: s.environment(addr), Orphaned: "KILL"}}
	s.OnClose(r.Kill)
	return r, r.Become(program)
}

func (s *Stand) environment(addr string) []string {
	return []string{
		"MENJIN_HTTP_ADDR=" + addr, "MENJIN_DATA_DIR=" + s.data, "MENJIN_HTTP_TRUSTED_PROXIES=127.0.0.1/32",
		"MENJIN_DATABASE_URL=" + s.Postgres.URL(), "MENJIN_SESSIONS_URL=" + s.Redis.URL,
		"MENJIN_EVENTS_URL=" + s.NATS.Direct(), "MENJIN_EVENTS_REPLICAS=3",
		"MENJIN_WECHAT_BASE_URL=" + s.weChat, "MENJIN_WECHAT_APP_ID=wx0123456789abcdef",
		"MENJIN_WECHAT_APP_SECRET=0123456789abcdef0123456789abcdef",
		"MENJIN_LOG_FORMAT=json", "MENJIN_LOG_LEVEL=warn",
	}
}

// Become makes the replica another program from its next start on; empty: this one.
func (r *Replica) Become(program string) (err error) {
	r.spec.Path, r.spec.Args = program, []string{"serve"}
	if program == "" {
		r.spec.Path, err = os.Executable()
		r.spec.Args = []string{Mark, "serve"}
	}
	return err
}

// Start starts the replica unless it is up, and returns when it is ready.
func (r *Replica) Start() error {
	return r.Restartable.Start(r.spec, func() error { return r.isUp(context.Background()) })
}

// URL is the replica's own, past nginx.
func (r *Replica) URL() string { return "http://" + r.addr }

func (r *Replica) isUp(ctx context.Context) error {
	response, err := get(ctx, r.URL()+"/health/live")
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (r *Replica) isReady(ctx context.Context) error {
	response, err := get(ctx, r.URL()+"/health/ready")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var state struct{ Status string }
	if err := json.NewDecoder(response.Body).Decode(&state); err != nil {
		return err
	}
	if state.Status != "ready" {
		return errors.New("a replica is " + state.Status)
	}
	return nil
}

// Migrate brings the schema up to date with a program; empty: this one.
func (s *Stand) Migrate(ctx context.Context, program string) error {
	as := &Replica{}
	if err := as.Become(program); err != nil {
		return err
	}
	args := append(as.spec.Args[:len(as.spec.Args)-1:len(as.spec.Args)-1], "migrate", "up")
	command := exec.CommandContext(ctx, as.spec.Path, args...)
	command.Env = append(os.Environ(), s.environment("127.0.0.1:0")...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate: %w\n%s", err, out)
	}
	return nil
}
