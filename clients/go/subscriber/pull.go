package subscriber

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	maxSilence = 3 // missed heartbeats after which the consumer is looked for anew

	// pullBytes is as much as the server may have on the way to a client at once. NATS cuts off who reads more slowly than that comes:
	// the service's embedded server at two of it. No event is larger.
	pullBytes = 1 << 20
)

// pull brings messages from the consumer into a channel.
type pull struct {
	iterator jetstream.MessagesContext
	conn     *nats.Conn
	wait     time.Duration
	messages chan jetstream.Msg // closed at the end
	err      error              // why it ended; read after messages is closed
}

func startPull(consumer jetstream.Consumer, conn *nats.Conn, options *Options) (*pull, error) {
	wait := options.pullWait()
	iterator, err := consumer.Messages(
		jetstream.PullMaxMessagesWithBytesLimit(options.Window, pullBytes), jetstream.PullPriorityGroup(group),
		jetstream.PullExpiry(wait), jetstream.PullHeartbeat(wait/2),
	)
	if err != nil {
		return nil, err
	}
	p := &pull{iterator: iterator, conn: conn, wait: wait, messages: make(chan jetstream.Msg)}
	go p.run()
	return p, nil
}

func (p *pull) run() {
	defer close(p.messages)
	defer p.iterator.Stop()
	for silences := 0; silences < maxSilence; {
		message, err := p.next()
		switch {
		case err == nil:
			silences = 0
			p.messages <- message
		case errors.Is(err, context.DeadlineExceeded):
			silences = 0 // nothing came but heartbeats
		case errors.Is(err, jetstream.ErrNoHeartbeat) && !p.conn.IsConnected():
			// the pull is resumed with the connection
		case errors.Is(err, jetstream.ErrNoHeartbeat):
			silences, p.err = silences+1, err
		default:
			p.err = err
			return
		}
	}
}

// next gives up now and then, because the client looks whether it should pull again only when it is called.
func (p *pull) next() (jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*p.wait)
	defer cancel()
	return p.iterator.Next(jetstream.NextContext(ctx))
}

// drain asks for no more. What has come already still goes through messages, which the caller reads until it is closed.
func (p *pull) drain() { p.iterator.Drain() }

func (p *pull) stop() { p.iterator.Stop() }
