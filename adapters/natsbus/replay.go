package natsbus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var _ ports.EventReplayer = (*Bus)(nil)

// replaySubjects is what the subjects begin with of what is sent again beside the stream.
const replaySubjects = "menjin.replay."

// Replay sends beside the stream what has a name to go to: where a stream takes the subject it waits for that one's
// acknowledgement, elsewhere only who listens at that moment hears it.
func (b *Bus) Replay(ctx context.Context, recorded ports.StreamPosition, replay ports.Replay, events []ports.OutboxEvent) error {
	l, err := b.connected(ctx, &b.replayer)
	if err != nil {
		return err
	}
	run := batch{
		link: l, messages: events, envelope: newReplayEnvelope(b.options, replay), futures: make([]jetstream.PubAckFuture, 0, len(events)),
	}
	if replay.To == "" {
		err = b.sendIn(ctx, &run, recorded)
	} else {
		err = b.sendBeside(ctx, &run, replaySubjects+replay.To+".>")
	}
	if _, ok := errors.AsType[*ports.RejectedError](err); ok || err == nil {
		return err
	}
	b.replayer.drop(l)
	if _, ok := errors.AsType[*ports.RewoundError](err); ok {
		return err
	}
	return unavailable(fmt.Sprintf("send %d events again", len(events)), err)
}

func (b *Bus) sendIn(ctx context.Context, run *batch, recorded ports.StreamPosition) error {
	if err := b.compare(ctx, run.link, recorded); err != nil {
		return err
	}
	run.recorded = recorded.Sequence
	if err := run.do(ctx); err != nil {
		return err
	}
	run.link.saw(run.highest)
	return nil
}

func (b *Bus) sendBeside(ctx context.Context, run *batch, below string) (err error) {
	if run.kept, err = b.taken(ctx, run.link, below); err != nil {
		return err
	}
	if err := run.do(ctx); err != nil {
		return err
	}
	return run.link.conn.FlushWithContext(ctx)
}

// taken tells of subjects below one whether a stream takes them.
func (b *Bus) taken(ctx context.Context, l *link, below string) (func(subject string) bool, error) {
	ctx, cancel := context.WithTimeout(ctx, b.options.AckTimeout)
	defer cancel()
	var patterns []string
	streams := l.js.ListStreams(ctx, jetstream.WithStreamListSubject(below))
	for info := range streams.Info() {
		patterns = append(patterns, info.Config.Subjects...)
	}
	if err := streams.Err(); err != nil && !errors.Is(err, jetstream.ErrEndOfData) {
		return nil, fmt.Errorf("look for streams of %s: %w", below, err)
	}
	return func(subject string) bool {
		for _, pattern := range patterns {
			if covers(pattern, subject) {
				return true
			}
		}
		return false
	}, nil
}

// covers reports whether a pattern with wildcards holds for a subject.
func covers(pattern, subject string) bool {
	for {
		want, wants, more := strings.Cut(pattern, ".")
		have, rest, left := strings.Cut(subject, ".")
		switch {
		case want == ">":
			return true
		case want != "*" && want != have, more != left:
			return false
		case !more:
			return true
		}
		pattern, subject = wants, rest
	}
}

// newReplayEnvelope marks what it seals as sent again, in a replay of its own: the stream would take it for what it has otherwise.
func newReplayEnvelope(options Options, replay ports.Replay) *envelope {
	e := newEnvelope(options)
	e.replay, e.to, e.message = replay.ID, replay.To, make([]string, 1)
	e.msg.Header[jetstream.MsgIDHeader] = e.message
	e.msg.Header[ports.HeaderReplayed] = []string{"true"}
	if replay.To != "" {
		delete(e.msg.Header, jetstream.ExpectedStreamHeader)
	}
	return e
}

// redirect gives a sealed message the id, and the subject, of a replay.
func (e *envelope) redirect(event domain.EventID) {
	if e.message == nil {
		return
	}
	e.message[0] = e.replay.String() + ":" + event.String()
	if e.to != "" {
		e.msg.Subject = replaySubjects + e.to + "." + strings.TrimPrefix(e.msg.Subject, "menjin.")
	}
}
