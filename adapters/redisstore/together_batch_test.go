package redisstore

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// gate keeps what the crowd sends from going out until it is opened, and counts it. What makes a connection passes.
type gate struct {
	opened            chan struct{}
	mu                sync.Mutex
	batches, commands int
}

func (g *gate) pass(commands ...redis.Cmder) {
	if commands[0].Name() != "incr" {
		return
	}
	g.mu.Lock()
	g.batches, g.commands = g.batches+1, g.commands+len(commands)
	g.mu.Unlock()
	<-g.opened
}

func (g *gate) count() (batches, commands int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.batches, g.commands
}

func (g *gate) DialHook(next redis.DialHook) redis.DialHook { return next }

func (g *gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		g.pass(cmd)
		return next(ctx, cmd)
	}
}

func (g *gate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		g.pass(cmds...)
		return next(ctx, cmds)
	}
}

func TestCommandsThatComeWhileOthersAreUnderWayGoOutTogether(t *testing.T) {
	t.Parallel()
	client, err := Connect(t.Context(), domain.NewSecret(redistest.URL(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	g := &gate{opened: make(chan struct{})}
	client.AddHook(g)
	hot := together(client)
	queue, ok := hot.(interface{ Len() int })
	if !ok {
		t.Fatalf("got a %T, want a client that gathers commands", hot)
	}

	const size = 64
	var crowd sync.WaitGroup
	errs := make([]error, size)
	for i := range errs {
		crowd.Go(func() { errs[i] = hot.Incr(context.WithoutCancel(t.Context()), "visits").Err() })
	}
	// A batch that is put together and may not go yet is in neither number; then the deadline has to do.
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		if _, sent := g.count(); sent+queue.Len() == size {
			break
		}
	}
	close(g.opened)
	crowd.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("command %d: %v", i, err)
		}
	}
	if got, sent := g.count(); sent != size || got > size/2 {
		t.Errorf("%d commands went out in %d batches, want %d in less than half as many", sent, got, size)
	}
	if got, err := client.Get(t.Context(), "visits").Int(); err != nil || got != size {
		t.Errorf("visits: got %d, error %v, want %d", got, err, size)
	}
}
