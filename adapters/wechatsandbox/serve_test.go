package wechatsandbox_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestServeStopsCleanlyWhileACallHangs(t *testing.T) {
	t.Parallel()
	server := wechatsandbox.New(wechatsandbox.Options{})
	if err := server.AddFaults(wechatsandbox.Fault{Kind: wechatsandbox.FaultHang}); err != nil {
		t.Fatalf("add fault: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served, hung := make(chan error, 1), make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	go func() {
		response, err := http.Get("http://" + listener.Addr().String() + "/sns/jscode2session")
		if err == nil {
			response.Body.Close()
		}
		hung <- err
	}()
	until(t, "the call has arrived", func() bool { return server.Counters().Received == 1 })
	stop()
	if err := <-served; err != nil {
		t.Errorf("serve: got %v, want nil", err)
	}
	if err := <-hung; err == nil {
		t.Error("hanging call: got an answer, want it cut off")
	}
}

func TestServeReportsADeadListener(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	listener.Close()
	if err := wechatsandbox.New(wechatsandbox.Options{}).Serve(t.Context(), listener); err == nil {
		t.Error("serve on a closed listener: got nil, want an error")
	}
}
