package careless

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/ports"
)

const ackTimeout = 2 * time.Second

// Options say which guards of the connection are left out. The zero value has them all.
type Options struct {
	Buffer bool
	Retry  time.Duration // after which the client sends by itself again what found no stream; 0: it does not
}

// Publisher sends a batch without waiting in between, as most do, a user's events behind each other too. It is for one
// relay, and safe for concurrent use.
type Publisher struct {
	url     string
	options Options

	mu   sync.Mutex
	conn *nats.Conn
	js   jetstream.JetStream
}

// NewPublisher makes a publisher that connects when it has to. Close ends it.
func NewPublisher(url string, options Options) *Publisher {
	return &Publisher{url: url, options: options}
}

// Close disconnects.
func (p *Publisher) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
}

func (p *Publisher) drop() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}

// Connected reports whether the publisher has a connection that works, as far as the client knows.
func (p *Publisher) Connected() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn != nil && p.conn.IsConnected()
}

// Stream returns what to Send through: the connection there is, or a new one.
func (p *Publisher) Stream() (jetstream.JetStream, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil && !p.conn.IsClosed() {
		return p.js, nil
	}
	reconnect := []nats.Option{nats.NoReconnect(), nats.ReconnectBufSize(-1)}
	if p.options.Buffer {
		reconnect = []nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(100 * time.Millisecond)}
	}
	conn, err := nats.Connect(p.url, reconnect...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncTimeout(ackTimeout))
	if err != nil {
		conn.Close()
		return nil, err
	}
	p.conn, p.js = conn, js
	return js, nil
}

// Publish returns the sequence of the last message when all are acknowledged. After an error all are to be sent again.
func (p *Publisher) Publish(ctx context.Context, events []ports.OutboxEvent) (last uint64, err error) {
	js, err := p.Stream()
	if err != nil {
		return 0, err
	}
	futures := make([]jetstream.PubAckFuture, len(events))
	for i := range events {
		if futures[i], err = p.Send(js, &events[i].Message); err != nil {
			return 0, p.failed(err)
		}
	}
	for _, future := range futures {
		select {
		case ack := <-future.Ok():
			last = max(last, ack.Sequence)
		case err := <-future.Err():
			return 0, p.failed(err)
		case <-ctx.Done():
			return 0, p.failed(ctx.Err())
		}
	}
	return last, nil
}

// failed keeps a connection that is to reconnect by itself, and throws away the others.
func (p *Publisher) failed(err error) error {
	if !p.options.Buffer {
		p.Close()
	}
	return fmt.Errorf("publish: %w", err)
}

// Send sends one message and returns at once.
func (p *Publisher) Send(js jetstream.JetStream, message *ports.Message) (jetstream.PubAckFuture, error) {
	retry := []jetstream.PublishOpt{jetstream.WithRetryAttempts(0)}
	if p.options.Retry > 0 {
		retry = []jetstream.PublishOpt{jetstream.WithRetryAttempts(4), jetstream.WithRetryWait(p.options.Retry)}
	}
	return js.PublishMsgAsync(&nats.Msg{
		Subject: message.Subject, Data: message.Data,
		Header: nats.Header{
			jetstream.MsgIDHeader: {message.ID.String()}, jetstream.ExpectedStreamHeader: {natsbus.StreamName},
			"ce-id": {message.ID.String()}, "ce-subject": {message.UserID.String()},
			"ce-sequence": {strconv.FormatInt(message.UserVersion, 10)},
		},
	}, retry...)
}
