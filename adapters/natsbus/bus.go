package natsbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var (
	_ ports.EventStream = (*Bus)(nil)
	_ ports.RelayHints  = (*Bus)(nil)
	_ ports.SessionFeed = (*Bus)(nil)
)

// Options tune a Bus. The zero value works.
type Options struct {
	Source     string        // the CloudEvents source; empty: "urn:menjin"
	SchemaBase string        // in front of "<type>.json" in ce-dataschema; empty: "urn:menjin:schema:", as the schemas' $id
	AckTimeout time.Duration // how long one acknowledgement may take; 0: 3 s
	Stream     StreamOptions
	Log        *slog.Logger // nil: the default logger
	Tracer     trace.Tracer // makes spans of what belongs to a trace; nil: none

	readTimeout time.Duration // how long headers are read in search of an event; 0: four acknowledgements

	CredentialsFile string // a NATS user's .creds file; empty: what the URL says
	CAFile          string // PEM roots for tls:// URLs; empty: the system's
}

const (
	dialTimeout  = 2 * time.Second
	writeTimeout = 5 * time.Second
	pingInterval = 10 * time.Second
	retryWait    = 250 * time.Millisecond
	retryJitter  = 250 * time.Millisecond
)

// Bus is a ports.EventStream, StreamEraser, StreamReader, EventReplayer, RelayHints and SessionFeed on NATS. It is safe for concurrent use.
type Bus struct {
	options   Options
	log       *slog.Logger
	dial      func(extra ...nats.Option) (*nats.Conn, error)
	listener  *nats.Conn // for everything but publishing; reconnects by itself
	events    jetstream.JetStream
	publisher publisher // of the relay
	replayer  publisher // has a connection of its own: what fails on it leaves the relay's alone
	hints     hints
	purges    purges
	metrics   *metrics

	reconnected chan struct{}
	closing     sync.Once
}

// Connect opens a Bus on a NATS that runs elsewhere: one URL, or several of one cluster with commas between. It is no
// error when none can be reached yet; everything returns domain.ErrUnavailable until one can. The URLs are secret
// because they may hold a password; no error shows them. Whoever connects closes the Bus.
func Connect(urls domain.Secret, options Options) (*Bus, error) {
	for i, text := range strings.Split(urls.Reveal(), ",") {
		address, err := url.Parse(strings.TrimSpace(text))
		if err != nil || address.Hostname() == "" || (address.Scheme != "nats" && address.Scheme != "tls") {
			return nil, fmt.Errorf("read NATS URL %d: must be nats://host:port or tls://host:port", i+1)
		}
	}
	var extra []nats.Option
	if options.CredentialsFile != "" {
		extra = append(extra, nats.UserCredentials(options.CredentialsFile))
	}
	if options.CAFile != "" {
		extra = append(extra, nats.RootCAs(options.CAFile))
	}
	return open(options, urls.Reveal(), extra...)
}

func open(options Options, urls string, access ...nats.Option) (*Bus, error) {
	b := &Bus{options: options.withDefaults(), reconnected: make(chan struct{}, 1), metrics: newMetrics()}
	b.log = b.options.Log
	b.dial = func(extra ...nats.Option) (*nats.Conn, error) {
		all := []nats.Option{
			nats.Name("menjin"), nats.Timeout(dialTimeout), nats.FlusherTimeout(writeTimeout),
			nats.PingInterval(pingInterval), nats.NoEcho(), nats.ReconnectBufSize(-1),
			nats.ErrorHandler(b.onError),
		}
		return nats.Connect(urls, append(append(all, access...), extra...)...)
	}
	if err := b.listen(); err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	return b, nil
}

func (b *Bus) listen() (err error) {
	b.listener, err = b.dial(
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(retryWait), nats.ReconnectJitter(retryJitter, retryJitter),
		nats.DisconnectErrHandler(b.onDisconnect), nats.ReconnectHandler(b.onConnect), nats.ConnectHandler(b.onConnect),
	)
	if err != nil {
		return err
	}
	if b.events, err = jetstream.New(b.listener); err == nil {
		err = b.hints.start(b.listener)
	}
	if err != nil {
		b.listener.Close()
	}
	return err
}

func (o Options) withDefaults() Options {
	if o.Source == "" {
		o.Source = "urn:menjin"
	}
	if o.SchemaBase == "" {
		o.SchemaBase = "urn:menjin:schema:"
	}
	if o.AckTimeout <= 0 {
		o.AckTimeout = 3 * time.Second
	}
	if o.readTimeout <= 0 {
		o.readTimeout = eventPatience * o.AckTimeout
	}
	o.Log = orDefault(o.Log)
	return o
}

// Reconnected receives when NATS could be reached again after it could not, or for the first time: then the stream may
// have lost what it had acknowledged, and wants to be compared with the outbox.
func (b *Bus) Reconnected() <-chan struct{} { return b.reconnected }

// Ping returns domain.ErrUnavailable when NATS does not answer before the context's end, at most 2 s.
func (b *Bus) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := b.listener.FlushWithContext(ctx); err != nil {
		return unavailable("ping NATS", err)
	}
	return nil
}

// Close ends all connections; what is under way fails. It may be called twice.
func (b *Bus) Close() {
	b.closing.Do(func() {
		b.hints.stop()
		b.publisher.close()
		b.replayer.close()
		b.listener.Close()
	})
}

func (b *Bus) onConnect(*nats.Conn) {
	b.metrics.connects.Inc()
	b.log.Info("connected to NATS")
	signal(b.reconnected)
}

func (b *Bus) onDisconnect(_ *nats.Conn, err error) {
	if err != nil {
		b.metrics.disconnects.Inc()
		b.log.Warn("lost NATS", "error", err)
	}
}

func (b *Bus) onError(_ *nats.Conn, _ *nats.Subscription, err error) {
	b.log.Warn("NATS reports an error", "error", err)
}

func unavailable(attempt string, err error) error {
	if errors.Is(err, domain.ErrUnavailable) {
		return fmt.Errorf("%s: %w", attempt, err)
	}
	return fmt.Errorf("%s: %w: %w", attempt, domain.ErrUnavailable, err)
}
