package child

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"time"
)

// Stats is what a child says of itself.
type Stats struct {
	PID     int    `json:"pid"`
	Mallocs uint64 `json:"mallocs"`
	Bytes   uint64 `json:"bytes"` // allocated since the start
}

// serveSide answers on a socket beside the service, in the same process.
func serveSide(socket string) error {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("listen for questions: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/stats", func(w http.ResponseWriter, _ *http.Request) {
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		_ = json.NewEncoder(w).Encode(Stats{os.Getpid(), memory.Mallocs, memory.TotalAlloc}) // whoever asked has gone
	})
	mux.HandleFunc("/profile", pprof.Profile)
	go func() { _ = (&http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}).Serve(listener) }()
	return nil
}

// Side asks a child about itself.
type Side struct{ client http.Client }

// NewSide asks at the socket that the child was given.
func NewSide(socket string) *Side {
	return &Side{http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
}

// Stats returns what the process has allocated so far.
func (s *Side) Stats(ctx context.Context) (stats Stats, err error) {
	body, err := s.ask(ctx, "/stats")
	if err != nil {
		return Stats{}, err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(&stats); err != nil {
		return Stats{}, fmt.Errorf("read a child's account of itself: %w", err)
	}
	return stats, nil
}

// Profile writes a CPU profile of the given length, in whole seconds, to a file.
func (s *Side) Profile(ctx context.Context, length time.Duration, path string) error {
	body, err := s.ask(ctx, fmt.Sprintf("/profile?seconds=%d", max(1, int(length.Seconds()))))
	if err != nil {
		return err
	}
	defer body.Close()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, body)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (s *Side) ask(ctx context.Context, what string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://side"+what, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask a child about itself: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("ask a child about itself: status %d", response.StatusCode)
	}
	return response.Body, nil
}
