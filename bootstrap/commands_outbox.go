package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/domain"
)

func newOutboxCommand(options *globalOptions) *cobra.Command {
	outbox := &cobra.Command{
		Use: "outbox", Short: "See how events are published, and step in: dead letters, replays, pauses, a check against the stream",
		Long: `Events are written into the outbox with the change they tell of, and a relay publishes them to the stream, each user's
in order. These commands show how that stands and step in where somebody has to decide. They work on the database, beside a
service that runs or without one, and note what they change in the audit log; a service that runs acts on it within a second
or two. Without a service nothing is published.

An event that the stream refuses, and would refuse for ever, becomes a dead letter. It holds back the later events of the same
user, of nobody else, until it is retried or discarded:

  menjin outbox status                              what waits, what is dead, who is held
  menjin outbox dead                                which events, and why
  menjin outbox retry EVENT_ID                      once the cause is mended
  menjin outbox discard EVENT_ID --reason "..."     where it cannot be`,
	}
	outbox.AddCommand(
		newOutboxStatusCommand(options), newOutboxDeadCommand(options), newOutboxRetryCommand(options),
		newOutboxDiscardCommand(options), newOutboxPauseCommand(options), newOutboxResumeCommand(options),
		newOutboxReplayCommand(options), newOutboxReplaysCommand(options), newOutboxCancelCommand(options),
		newOutboxVerifyCommand(options),
	)
	return outbox
}

// sayAs explains what domain.ErrNotFound means to who asked.
func sayAs(err error, missing string) error {
	if errors.Is(err, domain.ErrNotFound) {
		return errors.New(missing)
	}
	return describe(err)
}

// writeJSON is for programs: what has no value is null, and a list is never.
func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// orNull leaves out an instant that never was.
func orNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// idOrNull leaves out the id of nobody.
func idOrNull(user domain.UserID) *string {
	if user.IsZero() {
		return nil
	}
	text := user.String()
	return &text
}

// orDash is for tables.
func orDash(user domain.UserID) string {
	if user.IsZero() {
		return "-"
	}
	return user.String()
}

// instant reads a time (RFC 3339), or how long ago it was; empty is no time.
func instant(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC().Truncate(time.Microsecond), nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("--%s %q is neither a time like 2006-01-02T15:04:05Z nor so long ago, like 90m or 48h", flag, text)
}

// userNamed takes the id of a user who may be gone, too: their events can outlive them.
func (o *Operator) userNamed(ctx context.Context, text string) (domain.UserID, error) {
	if text == "" {
		return domain.UserID{}, nil
	}
	if id, err := domain.ParseUserID(text); err == nil {
		return id, nil
	}
	user, err := o.find(ctx, text)
	if err != nil {
		return domain.UserID{}, err
	}
	return user.ID(), nil
}

func plural(count int64, one, more string) string {
	if count == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", count, more)
}
