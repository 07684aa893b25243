package subscriber

import (
	"context"
	"fmt"
)

// follow notes what the consumer has passed over on its way to an event.
func (r *session) follow(sequence uint64) {
	if r.passed == 0 && sequence > r.newest+1 {
		r.passed = r.newest + 1
	}
	r.newest = max(r.newest, sequence)
}

// checkPassed finds out whether something was passed over because the stream did not have it any more, and not because it was
// not for us. The stream's beginning only moves on: as long as it has not reached what was passed over, nothing is missing.
func (r *session) checkPassed(ctx context.Context) error {
	if r.passed == 0 || !r.js.Conn().IsConnected() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, min(r.options.AckWait/3, requestWait)) // the loop has others to prolong
	defer cancel()
	info, err := r.stream.Info(ctx)
	if err != nil {
		r.options.Log.DebugContext(ctx, "the stream does not answer", "consumer", r.name, "error", err)
		return nil // asked again with the next tick
	}
	passed := r.passed
	r.passed = 0
	if info.State.FirstSeq <= passed {
		return nil
	}
	err = fmt.Errorf("%w while it was at work: stream sequences %d to %d are gone, and what was among them for this consumer may not "+
		"have been handled. Bring your data up to date from another source, then start again; the next start goes on behind them",
		ErrOvertaken, passed, info.State.FirstSeq-1)
	if !r.options.AcceptGap {
		return err
	}
	r.options.Log.WarnContext(ctx, "a gap in the events is accepted", "consumer", r.name, "error", err)
	return nil
}
