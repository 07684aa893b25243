// Package startup measures the real program as an operator starts it: how long until it is ready, and what it needs of
// memory when it has nothing to do.
package startup

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/menjin-id/menjin/bench/stack"
)

// module is what is built. The bench runs within it.
const module = "github.com/menjin-id/menjin"

// Program is the built program.
type Program struct{ path string }

// Build compiles the program into a folder, with the tag of its releases.
func Build(ctx context.Context, folder string) (*Program, error) {
	path := filepath.Join(folder, "menjin")
	out, err := exec.CommandContext(ctx, "go", "build", "-tags", "grpcnotrace", "-o", path, module).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return &Program{path}, nil
}

// Start is one start of the program.
type Start struct {
	Ready  time.Duration // from the start of the process until /health/ready said yes
	Memory int64         // in bytes, idle; 0 where it is unknown
}

// Measure starts the program, leaves it idle for a time, and stops it.
func (p *Program) Measure(ctx context.Context, env []string, idle time.Duration) (start Start, err error) {
	addr, err := stack.FreeAddr()
	if err != nil {
		return start, err
	}
	var output strings.Builder
	cmd := exec.Command(p.path, "serve")
	cmd.Env = append(append(os.Environ(), env...), "MENJIN_HTTP_ADDR="+addr)
	cmd.Stdout, cmd.Stderr = &output, &output
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return start, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	err = awaitReady(ctx, addr, ended)
	start.Ready = time.Since(began)
	if err == nil {
		select {
		case <-time.After(idle):
			start.Memory, _, _ = stack.Memory(cmd.Process.Pid)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	stop(cmd, ended)
	if err != nil {
		return start, fmt.Errorf("start the program: %w\n%s", err, output.String())
	}
	return start, nil
}

// awaitReady asks again at once while nobody listens. From then on the first request waits for its answer.
func awaitReady(ctx context.Context, addr string, ended chan error) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	for deadline := time.Now().Add(client.Timeout); time.Now().Before(deadline); {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/health/ready", http.NoBody)
		if err != nil {
			return err
		}
		if conn, err := net.Dial("tcp", addr); err == nil { // far cheaper than a request that is refused
			_ = conn.Close()
			response, err := client.Do(request)
			if err == nil {
				response.Body.Close()
				if response.StatusCode == http.StatusOK {
					return nil
				}
			}
		}
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("it ended: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return fmt.Errorf("not ready after %s", client.Timeout)
}

func stop(cmd *exec.Cmd, ended <-chan error) {
	_ = cmd.Process.Signal(syscall.SIGTERM) // one that is gone needs no asking
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
	}
}
