package subscriber

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
)

// errWasNarrow ends a session, so that the next widens the consumer again.
var errWasNarrow = errors.New("the consumer was narrowed while it was in use")

// goOn finds out where the consumer has to go on, and whether the stream still has that.
func (s *Subscriber) goOn(
	ctx context.Context, stream jetstream.Stream, state jetstream.StreamState, info *jetstream.ConsumerInfo,
) error {
	read, err := s.readTo(ctx, stream, state, info)
	if err != nil {
		return err
	}
	if err := checkRetention(state, read); err != nil {
		if !s.options.AcceptGap {
			return err
		}
		s.options.Log.WarnContext(ctx, "a gap in the events is accepted", "consumer", s.name, "error", err)
		read = state.FirstSeq - 1
		if err := s.writeMark(ctx, stream, info, read); err != nil {
			return err
		}
	}
	s.place, s.looked = read, info.TimeStamp
	return nil
}

// readTo is the last place of the stream up to which nothing is left for the consumer. The server's own count stays at the
// last event that it handed out, and a consumer of rare kinds would look overtaken although it missed nothing; the mark tells
// how far there was nothing for it.
func (s *Subscriber) readTo(
	ctx context.Context, stream jetstream.Stream, state jetstream.StreamState, info *jetstream.ConsumerInfo,
) (uint64, error) {
	read := info.Delivered.Stream
	switch {
	case info.NumAckPending > 0:
		read = info.AckFloor.Stream
	case info.Delivered.Consumer == 0: // the server moved it to the first event there is, wherever it was to start
		read = 0
	}
	start, _ := strconv.ParseUint(info.Config.Metadata[metaReadTo], 10, 64)
	marked, err := s.readMark(ctx, stream, info)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && checkRetention(state, max(read, start)) == nil {
		s.warnOfMark(ctx, err)
		return max(read, start), nil // nothing is missing without the mark either
	}
	// The mark may lie beyond: another replica was quicker, or the stream was put back to an older copy.
	return max(read, start, min(marked, state.LastSeq)), err
}

// checkRetention compares how far a consumer has read with what the stream still has.
func checkRetention(state jetstream.StreamState, read uint64) error {
	if state.FirstSeq <= read+1 {
		return nil
	}
	return fmt.Errorf("%w: of stream sequences %d to %d some or all are gone, and what was among them for this consumer was not "+
		"handled. Bring your data up to date from another source, then start once with Options.AcceptGap",
		ErrOvertaken, read+1, state.FirstSeq-1)
}

// mark looks how far the consumer has come and writes down how far there is nothing left for it.
func (s *Subscriber) mark(ctx context.Context, stream jetstream.Stream) error {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	before, err := stream.Info(ctx) // before the consumer, which then has seen at least this
	if err != nil {
		return err
	}
	consumer, err := stream.Consumer(ctx, s.name)
	if err != nil {
		return err
	}
	info := consumer.CachedInfo()
	if lacking := s.lacking(info.Config); lacking != "" {
		return fmt.Errorf("%w: it did not ask for %s. What came of it after stream sequence %d may have been passed over; "+
			"Replay from there hands it out", errWasNarrow, lacking, s.place)
	}
	if err := s.goOn(ctx, stream, before.State, info); err != nil {
		return err
	}
	if info.NumPending > 0 || info.NumAckPending > 0 || before.State.LastSeq <= s.place {
		return nil
	}
	s.place = before.State.LastSeq
	err = s.writeMark(ctx, stream, info, s.place)
	if err != nil && ctx.Err() == nil {
		s.warnOfMark(ctx, err)
	}
	return err
}

// lacking is something that we have a handler for and the consumer does not ask for.
func (s *Subscriber) lacking(config jetstream.ConsumerConfig) string {
	for _, ours := range s.handlers.filters() {
		if !slices.ContainsFunc(filtersOf(config), func(filter string) bool { return filter == ours || covers(filter, ours) }) {
			return ours
		}
	}
	return ""
}

// markProgress returns an error when the session cannot go on.
func (r *session) markProgress(ctx context.Context) error {
	err := r.mark(ctx, r.stream)
	r.newest = max(r.newest, r.place)
	if err != nil {
		r.options.Log.DebugContext(ctx, "progress is not marked", "consumer", r.name, "error", err)
	}
	if errors.Is(err, errWasNarrow) || errors.Is(err, ErrOvertaken) {
		return err
	}
	return nil
}
