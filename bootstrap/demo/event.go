package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func (p *play) subscribe(ctx context.Context) (string, error) {
	if p.options.NATS == "" {
		return "skipped: events.embedded_addr is empty", nil
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var err error
	if p.nats, err = nats.Connect(p.options.NATS, nats.Name("menjin demo")); err != nil {
		return "", fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(p.nats)
	if err != nil {
		return "", err
	}
	p.events, err = js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		FilterSubject: "menjin.user.>", DeliverPolicy: jetstream.DeliverNewPolicy, AckPolicy: jetstream.AckNonePolicy,
		InactiveThreshold: time.Minute,
	})
	if err != nil {
		return "", fmt.Errorf("subscribe to %s: %w", stream, err)
	}
	return "listening at " + p.nats.ConnectedUrlRedacted(), nil
}

func (p *play) event(ctx context.Context) (string, error) { return p.await(ctx, "") }

// await waits for the next event of the user that is of a kind; empty for any.
func (p *play) await(ctx context.Context, kind string) (string, error) {
	if p.events == nil {
		return "skipped", nil
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for {
		message, err := p.events.Next(jetstream.FetchContext(ctx))
		if err != nil {
			return "", fmt.Errorf("wait for the event: %w", err)
		}
		if strings.HasSuffix(message.Subject(), "."+p.userID) && strings.Contains(message.Subject(), kind) {
			return fmt.Sprintf("%s %s", message.Headers().Get("ce-type"), message.Data()), nil
		}
	}
}
