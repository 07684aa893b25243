package bootstrap

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	// statusMissing is the exit status of a check that found events missing.
	statusMissing = 2
	shownMissing  = 20
	streamAge     = outbox.StreamAge(natsbus.DefaultMaxAge)
)

// failure is an error with an exit status of its own.
type failure struct {
	error
	status int
}

func newOutboxVerifyCommand(options *globalOptions) *cobra.Command {
	var (
		since          string
		repair, asJSON bool
	)
	cmd := &cobra.Command{
		Use: "verify", Short: "Compare what was published with what the stream holds, event by event", Args: cobra.NoArgs,
		Long: `Compares every published event that is still kept, which is seven days, with what the stream holds, and names those that
the stream lacks, holds twice, or holds behind a later event of the same user. A service that runs mends by itself a stream that
was restored or made anew; this finds single messages too that somebody deleted. It reads headers alone, and needs no pause.

With --repair the missing events are published again, noted in the audit log. They come behind later events of their users
then, which subscribers that go by ce-sequence, as clients/go does, tell apart. An event that was published within the last ten
minutes is still known to the stream, which does not store it again before those have passed: verify once more afterwards.

The stream is read at events.url. An embedded one is read at events.embedded_addr while the service runs, and in its folder
while it does not.

The exit status is 0 when nothing is missing, or what was missing is on its way again, 2 when events are missing, and 1 when
the comparison failed.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				from, err := instant("since", since, o.now())
				if err != nil {
					return err
				}
				stream, closeStream, err := o.openStream()
				if err != nil {
					return err
				}
				defer closeStream()
				verdict, err := o.verify(ctx, stream, from, repair, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				if asJSON {
					err = writeJSON(cmd.OutOrStdout(), verdictReport(verdict))
				} else {
					err = showVerdict(cmd.OutOrStdout(), verdict)
				}
				if missing := int64(len(verdict.Missing)) - verdict.Requeued; err == nil && missing > 0 {
					err = failure{fmt.Errorf("%s missing on the stream", plural(missing, "event is", "events are")), statusMissing}
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "events made since a time (RFC 3339), or so long ago, like 2h; empty: all that are kept")
	cmd.Flags().BoolVar(&repair, "repair", false, "publish what is missing again")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (o *Operator) verify(
	ctx context.Context, stream ports.StreamReader, since time.Time, repair bool, progress io.Writer,
) (outbox.Verdict, error) {
	line := newProgressLine(progress)
	defer line.end()
	verify := outbox.NewVerify(o.published, stream, streamAge, o.now, o.newID)
	return verify.Do(ctx, since, repair, func(checked int64) {
		line.say(plural(checked, "event", "events") + " of the stream checked")
	})
}

func showVerdict(out io.Writer, v outbox.Verdict) error {
	fmt.Fprintf(out, "compared %s made since %s with %d on the stream\n",
		plural(v.Compared, "published event", "published events"), stamp(v.Since), v.Stored)
	fmt.Fprintf(out, "missing       %d\n", len(v.Missing))
	for i, event := range v.Missing {
		if i == shownMissing {
			fmt.Fprintf(out, "  and %d more; --json lists all\n", len(v.Missing)-i)
			break
		}
		fmt.Fprintf(out, "  outbox id %d, event %s, user %s, version %d, made %s\n", event.ID, event.Event, orDash(userOf(event)), event.Version, stamp(event.At))
	}
	fmt.Fprintf(out, "stored twice  %d\n", len(v.Twice))
	_, err := fmt.Fprintf(out, "out of order  %d\n", len(v.Reordered))
	if v.Requeued > 0 {
		_, err = fmt.Fprintf(out, "%s again, to be published\n", plural(v.Requeued, "event waits", "events wait"))
	}
	return err
}

// userOf is nobody for what WeChat pushed, which has its own id in the place of a user's.
func userOf(event ports.PublishedEvent) domain.UserID {
	if event.UserID.ID == event.Event.ID {
		return domain.UserID{}
	}
	return event.UserID
}

func verdictReport(v outbox.Verdict) any {
	type event struct {
		ID       int64      `json:"id,omitempty"`
		EventID  string     `json:"event_id"`
		UserID   *string    `json:"user_id,omitempty"`
		Version  int64      `json:"version,omitempty"`
		Time     *time.Time `json:"time,omitempty"`
		Sequence uint64     `json:"stream_sequence,omitempty"`
		Copies   int        `json:"copies,omitempty"`
	}
	missing, twice, reordered := []event{}, []event{}, []event{}
	for _, e := range v.Missing {
		missing = append(missing, event{ID: e.ID, EventID: e.Event.String(), UserID: idOrNull(userOf(e)), Version: e.Version, Time: orNull(e.At)})
	}
	for _, e := range v.Twice {
		twice = append(twice, event{EventID: e.Event.String(), Sequence: e.First, Copies: e.Count})
	}
	for _, e := range v.Reordered {
		reordered = append(reordered, event{EventID: e.Event.String(), UserID: idOrNull(e.UserID), Version: e.Version, Sequence: e.Sequence})
	}
	return struct {
		Since     time.Time `json:"since"`
		Compared  int64     `json:"compared"`
		Stored    int64     `json:"stored"`
		Missing   []event   `json:"missing"`
		Twice     []event   `json:"stored_twice"`
		Reordered []event   `json:"out_of_order"`
		Requeued  int64     `json:"requeued"`
	}{v.Since, v.Compared, v.Stored, missing, twice, reordered, v.Requeued}
}
