package subscriber

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A dead letter is the event as it was, with these headers beside its own.
const (
	headerDeadReason   = "menjin-dead-reason"
	headerDeadFailures = "menjin-dead-failures"
	headerDeadAt       = "menjin-dead-at"
	headerDeadSubject  = "menjin-dead-subject"
	headerDeadSequence = "menjin-dead-stream-sequence"
	headerDeadConsumer = "menjin-dead-consumer"
)

const (
	deadWindow = 2 * time.Hour // in which an event is buried once
	maxReason  = 512
)

func (s *Subscriber) deadPrefix() string { return "menjin_dead." + s.name + "." }

// ensureDead makes the dead-letter stream. One that exists is left as it is: how long letters are kept is the operator's affair.
func (s *Subscriber) ensureDead(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	_, err := s.js.Stream(ctx, s.options.DeadStream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = s.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: s.options.DeadStream, Description: "Events that " + s.name + " gave up",
			Subjects: []string{s.deadPrefix() + ">"}, Storage: jetstream.FileStorage, Duplicates: deadWindow,
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another replica was quicker
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("ensure dead-letter stream %s: %w", s.options.DeadStream, err)
	}
	return nil
}

// bury gives an event up only once the dead-letter stream has acknowledged it.
func (s *Subscriber) bury(ctx context.Context, d *delivery, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestWait)
	defer cancel()
	letter := &nats.Msg{Subject: s.deadPrefix() + d.message.Subject(), Data: d.message.Data(), Header: nats.Header{}}
	for name, values := range d.message.Headers() {
		if !strings.HasPrefix(name, "Nats-") { // meant for the stream it came from
			letter.Header[name] = values
		}
	}
	for name, value := range map[string]string{
		headerDeadReason: reason(why), headerDeadFailures: strconv.Itoa(d.failures), headerDeadAt: time.Now().UTC().Format(time.RFC3339),
		headerDeadSubject: d.message.Subject(), headerDeadSequence: strconv.FormatUint(d.sequence, 10), headerDeadConsumer: s.name,
	} {
		letter.Header[name] = []string{value}
	}
	id := s.name + "/" + strconv.FormatUint(d.sequence, 10)
	if d.event.ID != "" {
		id = s.name + "/" + d.event.ID
	}
	if _, err := s.js.PublishMsg(ctx, letter, jetstream.WithMsgID(id), jetstream.WithExpectStream(s.options.DeadStream)); err != nil {
		return fmt.Errorf("write to dead-letter stream %s: %w", s.options.DeadStream, err)
	}
	// When this is lost, the event comes again and is buried again, which the stream takes as the same.
	_ = d.message.TermWithReason("dead letter in " + s.options.DeadStream)
	return nil
}

// reason makes one short line of an error, as headers have no more.
func reason(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "")
	}
	return text
}
