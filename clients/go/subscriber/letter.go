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

const maxReason = 512

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
	if err := s.post(ctx, letter, id); err != nil {
		if errors.Is(err, jetstream.ErrNoStreamResponse) { // somebody deleted the stream, or took our subject from it
			err = errors.Join(err, s.ensureDead(ctx))
		}
		return fmt.Errorf("write to dead-letter stream %s: %w", s.options.DeadStream, err)
	}
	// When this is lost, the event comes again and is buried again, which the stream takes as the same.
	_ = d.message.TermWithReason("dead letter in " + s.options.DeadStream)
	return nil
}

// post writes a letter unless it is there. NATS knows the ids of messages that were removed since, and tells of them that they
// are there.
func (s *Subscriber) post(ctx context.Context, letter *nats.Msg, id string) error {
	for {
		ack, err := s.js.PublishMsg(ctx, letter, jetstream.WithMsgID(id), jetstream.WithExpectStream(s.options.DeadStream))
		if err != nil || !ack.Duplicate {
			return err
		}
		there, err := s.isThere(ctx, ack.Sequence, id)
		if err != nil || there {
			return err
		}
		id += "/" + strconv.FormatUint(ack.Sequence, 10) // the next one in its place, also when this one is buried again
	}
}

func (s *Subscriber) isThere(ctx context.Context, sequence uint64, id string) (bool, error) {
	stream, err := s.js.Stream(ctx, s.options.DeadStream)
	if err != nil {
		return false, err
	}
	message, err := stream.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return message.Header.Get(jetstream.MsgIDHeader) == id, nil
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
