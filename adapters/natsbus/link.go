package natsbus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/ports"
)

var errClosed = errors.New("the bus is closed")

// publisher holds the connection that publishes.
type publisher struct {
	opening sync.Mutex // held while a connection is opened, so that a slow one keeps nobody from closing

	mu     sync.Mutex
	link   *link // nil while there is none
	closed bool
}

// link is one connection for as long as it lives, and the stream as it was found on it.
type link struct {
	conn   *nats.Conn
	js     jetstream.JetStream
	stream string          // the identity of the stream
	lost   <-chan struct{} // closed when the connection is

	mu  sync.Mutex
	end uint64 // the furthest sequence seen
}

// connected returns the publisher's living connection, or opens one and looks at the stream through it.
func (b *Bus) connected(ctx context.Context, p *publisher) (*link, error) {
	if l, err := p.current(); l != nil || err != nil {
		return l, err
	}
	p.opening.Lock()
	defer p.opening.Unlock()
	if l, err := p.current(); l != nil || err != nil { // somebody else opened it meanwhile
		return l, err
	}
	if err := ctx.Err(); err != nil {
		return nil, unavailable("connect to NATS", err)
	}
	l, err := b.openLink(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.adopt(l); err != nil {
		l.conn.Close()
		return nil, err
	}
	if p == &b.publisher {
		signal(b.reconnected)
	}
	return l, nil
}

func (b *Bus) openLink(ctx context.Context) (*link, error) {
	lost := make(chan struct{})
	conn, err := b.dial(nats.NoReconnect(), nats.ClosedHandler(func(*nats.Conn) { close(lost) }))
	if err != nil {
		return nil, unavailable("connect to NATS", err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncTimeout(b.options.AckTimeout))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	info, err := b.ensureStream(ctx, js)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &link{conn: conn, js: js, stream: identity(info), lost: lost, end: info.State.LastSeq}, nil
}

func (p *publisher) current() (*link, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, unavailable("publish", errClosed)
	}
	if p.link != nil && p.link.conn.IsClosed() {
		p.link = nil
	}
	return p.link, nil
}

func (p *publisher) adopt(l *link) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return unavailable("publish", errClosed)
	}
	p.link = l
	return nil
}

// drop ends a connection on which something failed. What is under way on it fails too.
func (p *publisher) drop(l *link) {
	p.mu.Lock()
	if p.link == l {
		p.link = nil
	}
	p.mu.Unlock()
	l.conn.Close()
}

func (p *publisher) close() {
	p.mu.Lock()
	l := p.link
	p.closed, p.link = true, nil
	p.mu.Unlock()
	if l != nil {
		l.conn.Close()
	}
}

// reaches reports whether the stream is known to have got as far as a sequence.
func (l *link) reaches(sequence uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return sequence <= l.end
}

func (l *link) saw(sequence uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = max(l.end, sequence)
}

// openStream asks for the stream as it is now. It fails when that is no more the one the connection was opened on: what is
// under way must not count as stored in the new one.
func (l *link) openStream(ctx context.Context) (jetstream.Stream, error) {
	stream, err := l.js.Stream(ctx, StreamName)
	if err != nil {
		return nil, err
	}
	if identity(stream.CachedInfo()) != l.stream {
		return nil, errors.New("the stream was made anew")
	}
	return stream, nil
}

func (l *link) position(sequence uint64) ports.StreamPosition {
	return ports.StreamPosition{Stream: l.stream, Sequence: sequence}
}

// identity tells a stream from one made anew under the same name.
func identity(info *jetstream.StreamInfo) string { return info.Created.UTC().Format(time.RFC3339Nano) }
