package natsbus

import (
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	hintSubject  = "menjin.relay.wake" // none of the stream's
	hintInterval = 5 * time.Millisecond

	// A hint says so and carries nothing else. What a server publishes for a client that may not publish itself never looks like
	// that: what a consumer pushes has a reply subject, what a stream republishes has headers, and answers say other things.
	hintText = "work"
	// lookInterval bounds what a flood of hints costs: each may have the relay look into the database.
	lookInterval = 10 * time.Millisecond
)

// hints sends and receives on core NATS. What it is asked for within an interval goes out as one, at the interval's end,
// so that the last of many is not the one that is dropped. What arrives is handed on in the same way.
type hints struct {
	outgoing chan struct{}
	arrived  chan struct{}
	incoming chan struct{}
	ending   chan struct{}
	done     sync.WaitGroup
}

func (h *hints) start(conn *nats.Conn) error {
	h.outgoing, h.arrived = make(chan struct{}, 1), make(chan struct{}, 1)
	h.incoming, h.ending = make(chan struct{}, 1), make(chan struct{})
	_, err := conn.Subscribe(hintSubject, func(message *nats.Msg) {
		if isHint(message) {
			signal(h.arrived)
		}
	})
	if err != nil {
		return err
	}
	h.done.Go(func() {
		// Best effort: the others poll.
		h.pace(h.outgoing, hintInterval, func() { _ = conn.Publish(hintSubject, []byte(hintText)) })
	})
	h.done.Go(func() { h.pace(h.arrived, lookInterval, func() { signal(h.incoming) }) })
	return nil
}

func (h *hints) stop() {
	close(h.ending)
	h.done.Wait()
}

func isHint(message *nats.Msg) bool {
	return string(message.Data) == hintText && len(message.Header) == 0 && message.Reply == ""
}

// pace passes signals on, the first at once and the others at an interval, until the end.
func (h *hints) pace(from <-chan struct{}, interval time.Duration, pass func()) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-h.ending:
			return
		}
		select {
		case <-from:
			pass()
			pause.Reset(interval)
		case <-h.ending:
			return
		}
	}
}

// Hint tells the other replicas' relays that there is work. While NATS is away it does nothing.
func (b *Bus) Hint() { signal(b.hints.outgoing) }

// Hints never receives a hint of this Bus. The channel is not closed.
func (b *Bus) Hints() <-chan struct{} { return b.hints.incoming }

// signal leaves one that is not received yet in place of two.
func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}
