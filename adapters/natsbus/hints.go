package natsbus

import (
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	hintSubject  = "menjin.relay.wake" // none of the stream's
	hintInterval = 5 * time.Millisecond
)

// hints sends and receives on core NATS. What it is asked for within an interval goes out as one, at the interval's end,
// so that the last of many is not the one that is dropped.
type hints struct {
	outgoing chan struct{}
	incoming chan struct{}
	ending   chan struct{}
	done     sync.WaitGroup
}

func (h *hints) start(conn *nats.Conn) error {
	h.outgoing, h.incoming, h.ending = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	_, err := conn.Subscribe(hintSubject, func(*nats.Msg) { signal(h.incoming) })
	if err != nil {
		return err
	}
	h.done.Go(func() { h.send(conn) })
	return nil
}

func (h *hints) stop() {
	close(h.ending)
	h.done.Wait()
}

func (h *hints) send(conn *nats.Conn) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-h.ending:
			return
		}
		select {
		case <-h.outgoing:
			_ = conn.Publish(hintSubject, nil) // best effort: the others poll
			pause.Reset(hintInterval)
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
