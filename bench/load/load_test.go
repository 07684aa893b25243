package load

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestRunCountsWhatTheServerAnswered(t *testing.T) { // not parallel: it sets the number of cores
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		switch r.URL.Path {
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat("long enough to be sent in chunks ", 500))
		case "/bad":
			http.Error(w, "no", http.StatusTeapot)
		default:
			_, _ = io.WriteString(w, "hello")
		}
	}))
	defer server.Close()
	paths := []string{"/", "/empty", "/long", "/bad"}
	result, err := Run(t.Context(), server.Listener.Addr().String(), 4, time.Second, func(i int) func() []byte {
		request := []byte("GET " + paths[i] + " HTTP/1.1\r\nHost: test\r\n\r\n")
		return func() []byte { return request }
	})
	if err != nil {
		t.Fatal(err)
	}
	if result.Succeeded() == 0 || result.Failed == 0 || !strings.Contains(result.Failure, "418") {
		t.Errorf("got %d good and %d bad answers, the first %q", result.Succeeded(), result.Failed, result.Failure)
	}
	// The last answer of a connection may come too late to be counted.
	if got := int64(result.Succeeded() + result.Failed); got > served.Load() || got < served.Load()-4 {
		t.Errorf("counted %d answers of %d", got, served.Load())
	}
}

func TestRunEndsWithItsContext(t *testing.T) { // not parallel: it sets the number of cores
	listener, err := net.Listen("tcp", "127.0.0.1:0") // nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	source := func(int) func() []byte {
		return func() []byte {
			cancel()
			return []byte("GET / HTTP/1.1\r\n\r\n")
		}
	}
	if _, err := Run(ctx, listener.Addr().String(), 1, time.Minute, source); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, data string
		status     int
		whole      bool
		err        error
	}{
		{"half a head", "HTTP/1.1 200 OK\r\nContent-", 0, false, nil},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab", 200, false, nil},
		{"whole", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nA: b\r\n\r\nab", 401, true, nil},
		{"no content", "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", 204, true, nil},
		{"half the chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", 200, false, nil},
		{"all chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 200, true, nil},
		{"more than it said", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", 0, false, errMalformed},
		{"no status", "nonsense\r\n\r\n", 0, false, errMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			status, whole, err := parse([]byte(test.data))
			if status != test.status || whole != test.whole || !errors.Is(err, test.err) {
				t.Errorf("got %d, %t, %v", status, whole, err)
			}
		})
	}
}
