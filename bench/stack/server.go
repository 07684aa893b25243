package stack

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/menjin-id/menjin/bench/child"
)

// Server is a program under load: the service, or its floor.
type Server struct {
	Name string
	Addr string
	Side *child.Side
	PID  int

	log string
}

// ServiceURLs are where the service finds everything.
type ServiceURLs struct{ Database, Redis, NATS, WeChat string }

// Service starts the service as it is run in production, with its access log, and returns when it is ready.
func (s *Stack) Service(ctx context.Context, urls ServiceURLs) (*Server, error) {
	return s.server(ctx, "service", func(folder, socket, addr string) (env, args []string) {
		env = append(urls.Environment(filepath.Join(folder, "data")),
			"MENJIN_HTTP_ADDR="+addr, "MENJIN_LOG_LEVEL=info", "MENJIN_LOG_FORMAT=json")
		return env, []string{child.Service, socket}
	})
}

// Environment configures a service that uses the servers.
func (u ServiceURLs) Environment(dataDir string) []string {
	return []string{
		"MENJIN_DATA_DIR=" + dataDir, "MENJIN_DATABASE_URL=" + u.Database, "MENJIN_SESSIONS_URL=" + u.Redis,
		// Counted as ever, and never reached: all load comes from one address, and a few people sign in again and again.
		"MENJIN_LIMITS_SIGN_IN=100000000/1s", "MENJIN_SESSION_MAX_PER_USER=1000",
		"MENJIN_EVENTS_URL=" + u.NATS, "MENJIN_WECHAT_BASE_URL=" + u.WeChat,
		"MENJIN_WECHAT_APP_ID=wx0123456789abcdef", "MENJIN_WECHAT_APP_SECRET=0123456789abcdef0123456789abcdef",
	}
}

// Floor starts the floor program. Its database must have the service's schema.
func (s *Stack) Floor(ctx context.Context, urls ServiceURLs) (*Server, error) {
	return s.server(ctx, "floor", func(_, socket, addr string) (env, args []string) {
		return nil, []string{child.Floor, socket, addr, urls.Database, urls.Redis, urls.WeChat}
	})
}

func (s *Stack) server(
	ctx context.Context, name string, command func(folder, socket, addr string) (env, args []string),
) (*Server, error) {
	folder, err := s.Folder(name)
	if err != nil {
		return nil, err
	}
	addr, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(folder, "side.sock")
	env, args := command(folder, socket, addr)
	if err := s.Child(folder, addr, env, args...); err != nil {
		return nil, err
	}
	server := &Server{Name: name, Addr: addr, Side: child.NewSide(socket), log: filepath.Join(folder, "server.log")}
	stats, err := server.Side.Stats(ctx)
	server.PID = stats.PID
	if err == nil {
		err = AwaitReady(ctx, addr)
	}
	return server, err
}

// Forget empties the log, which would otherwise fill the disk.
func (s *Server) Forget() error { return os.Truncate(s.log, 0) }

// Settle waits until the server has finished what it does after it has answered, say publishing events, a few seconds at most.
func (s *Server) Settle(ctx context.Context) error {
	const look, busy = 200 * time.Millisecond, 10 * time.Millisecond
	for range 50 {
		before, ok := CPU(s.PID)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		if after, _ := CPU(s.PID); !ok || after-before <= busy {
			return nil
		}
	}
	return nil
}
