// Package load puts servers under a closed loop of HTTP requests: each connection sends its next request when it has the
// answer to the last. It is lean, because it shares the machine with what it measures.
package load

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"
)

// patience is how long one answer may take.
const patience = 10 * time.Second

// Source makes the requests of one connection: each call returns the next, valid until the one after it.
type Source func(connection int) func() []byte

// Result is what a run saw.
type Result struct {
	Latency Histogram // of the answered requests, whatever the answer
	Elapsed time.Duration
	Failed  int    // answers other than 2xx, and none at all
	Failure string // the beginning of the first of them
}

// Rate is how many requests were answered in a second, failures left out.
func (r *Result) Rate() float64 {
	return float64(r.Succeeded()) / r.Elapsed.Seconds()
}

// Succeeded is how many requests were answered with 2xx.
func (r *Result) Succeeded() int { return int(r.Latency.Count()) }

// Run keeps connections to the server at addr busy for a time. It runs on one core, as the servers need the others. The
// error says that the server could not be reached, or that ctx ended.
func Run(ctx context.Context, addr string, connections int, length time.Duration, source Source) (*Result, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	workers := make([]*worker, connections)
	for i := range workers {
		conn, err := net.DialTimeout("tcp", addr, patience)
		if err != nil {
			return nil, fmt.Errorf("reach the server under load: %w", err)
		}
		defer conn.Close()
		workers[i] = &worker{connection: newConnection(conn), next: source(i)}
	}
	began := time.Now()
	var work sync.WaitGroup
	for _, w := range workers {
		work.Go(func() { w.loop(ctx, began.Add(length)) })
	}
	work.Wait()

	result := &Result{Elapsed: min(time.Since(began), length)}
	for _, w := range workers {
		result.Latency.Merge(&w.latency)
		result.Failed += w.failed
		if result.Failure == "" {
			result.Failure = w.failure
		}
	}
	return result, ctx.Err()
}

// worker is one connection at work. A worker whose connection breaks stops, which its failure tells.
type worker struct {
	connection *connection
	next       func() []byte
	latency    Histogram
	failed     int
	failure    string
}

func (w *worker) loop(ctx context.Context, until time.Time) {
	_ = w.connection.SetDeadline(until.Add(patience)) // where it fails, so does the exchange
	defer context.AfterFunc(ctx, func() { _ = w.connection.SetDeadline(time.Now()) })()
	for began := time.Now(); began.Before(until); {
		status, response, err := w.connection.exchange(w.next())
		ended := time.Now()
		switch {
		case err != nil:
			w.fail(err.Error())
			return
		case ended.After(until):
			return
		case status < 200 || status > 299:
			w.fail(string(response[:min(len(response), 1024)]))
		default:
			w.latency.Record(ended.Sub(began))
		}
		began = ended
	}
}

func (w *worker) fail(text string) {
	if w.failed == 0 {
		w.failure = text
	}
	w.failed++
}
