package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const notDead = "there is no undecided dead letter of that event id; menjin outbox dead lists them"

func newOutboxDeadCommand(options *globalOptions) *cobra.Command {
	var (
		user   string
		all    bool
		after  int64
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "dead", Short: "List the events that the stream refused, and why", Args: cobra.NoArgs,
		Long: `Lists the dead letters nobody has decided on, the oldest first: the event, its user, why the stream refused it, how often,
and how many later events of the user lie behind it; among these may be some that had gone out before it was refused, where it
was published again. --all lists those decided on as well. A page has --limit of them; the next one begins behind the outbox id
that --after names.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 1000 {
				return errors.New("--limit must be 1 to 1000")
			}
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				id, err := o.userNamed(ctx, user)
				if err != nil {
					return err
				}
				letters, err := o.outbox.Dead(ctx, operator, ports.DeadLetterFilter{User: id, Resolved: all}, after, limit)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), deadReport(letters))
				}
				return showDead(cmd.OutOrStdout(), letters, limit)
			})
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "of one user, by id or username")
	cmd.Flags().BoolVar(&all, "all", false, "those decided on as well")
	cmd.Flags().Int64Var(&after, "after", 0, "outbox id behind which the page begins")
	cmd.Flags().IntVar(&limit, "limit", 100, "how many at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func showDead(out io.Writer, letters []ports.DeadLetter, limit int) error {
	if len(letters) == 0 {
		_, err := fmt.Fprintln(out, "no dead letters")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "OUTBOX ID\tEVENT\tTYPE\tUSER\tTRIED\tLAST TRIED\tBEHIND\tSTATE\tWHY")
	for _, letter := range letters {
		state := string(letter.Resolved)
		if state == "" {
			state = "undecided"
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%d\t%s\t%d\t%s\t%s\n", letter.Event.ID, letter.Event.Message.ID, letter.Event.Type,
			orDash(admin.About(letter.Event.Message)), letter.Attempts, stamp(letter.LastFailedAt), letter.Behind, state, letter.Reason)
	}
	if len(letters) == limit {
		fmt.Fprintf(table, "\nmore: --after %d\n", letters[limit-1].Event.ID)
	}
	return table.Flush()
}

func deadReport(letters []ports.DeadLetter) any {
	type letter struct {
		ID            int64           `json:"id"`
		EventID       string          `json:"event_id"`
		Type          string          `json:"type"`
		Subject       string          `json:"subject"`
		UserID        *string         `json:"user_id"`
		Version       int64           `json:"version"`
		Time          time.Time       `json:"time"`
		Data          json.RawMessage `json:"data"`
		Reason        string          `json:"reason"`
		Attempts      int             `json:"attempts"`
		FirstFailedAt time.Time       `json:"first_failed_at"`
		LastFailedAt  time.Time       `json:"last_failed_at"`
		Behind        int64           `json:"behind"`
		Resolution    *string         `json:"resolution"`
	}
	list := []letter{}
	for _, l := range letters {
		list = append(list, letter{
			ID: l.Event.ID, EventID: l.Event.Message.ID.String(), Type: l.Event.Type, Subject: l.Event.Subject,
			UserID: idOrNull(admin.About(l.Event.Message)), Version: l.Event.UserVersion, Time: l.Event.At, Data: l.Event.Data,
			Reason: l.Reason, Attempts: l.Attempts, FirstFailedAt: l.FirstFailedAt, LastFailedAt: l.LastFailedAt, Behind: l.Behind,
			Resolution: setOrNull(string(l.Resolved)),
		})
	}
	return list
}

func newOutboxRetryCommand(options *globalOptions) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "retry EVENT_ID | --all", Short: "Publish a dead letter, and what it held, once the cause is mended", Args: cobra.MaximumNArgs(1),
		Long: `Makes a dead letter wait again, and with it the later events of its user, up to the user's next dead letter; they are
published in their order. Mend the cause first, say by raising the stream's max_msg_size: an event that is refused again is a
dead letter again, and holds its user's events as before. --all retries every one nobody has decided on.

Where the letter was an event that had been published before, as verify --repair publishes it again, later events of the user
that had gone out too are published once more. Subscribers know them by their ids.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return errors.New("name one event, or --all")
			}
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				if all {
					return retryAll(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
				}
				return decide(cmd, "waits again", args[0], func(event domain.EventID) error { return o.outbox.Retry(ctx, operator, event) })
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every dead letter nobody has decided on")
	return cmd
}

// retryAll goes on until it has met each letter once, and tells how many were retried even when it is cut off.
func retryAll(ctx context.Context, o *Operator, out, progress io.Writer) error {
	line, count, after, more := newProgressLine(progress), int64(0), int64(0), true
	var err error
	for more && err == nil {
		var done admin.Retried
		done, err = o.outbox.RetryAll(ctx, operator, after)
		count, after, more = count+int64(done.Count), done.Next, done.Next > 0
		line.say(plural(count, "event waits", "events wait") + " again so far")
	}
	line.end()
	fmt.Fprintf(out, "%s again\n", plural(count, "event waits", "events wait"))
	return err
}

func newOutboxDiscardCommand(options *globalOptions) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "discard EVENT_ID --reason TEXT", Short: "Give a dead letter up; subscribers never see it", Args: cobra.ExactArgs(1),
		Long: `Gives a dead letter up. Subscribers will never see the event, and find a gap in the versions of its user; the later events
that it held are published, up to the user's next dead letter. This cannot be taken back. The reason is kept in the audit log.

An event that tells of a user's deletion cannot be given up: subscribers erase by it what they keep of the user, and nothing
else would tell them. It is small; mend the cause and retry it.

Where the letter was an event that had been published before, as verify --repair publishes it again, later events of the user
that had gone out too are published once more. Subscribers know them by their ids.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return errors.New("say with --reason why subscribers are never to see the event; it is kept in the audit log")
			}
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				return decide(cmd, "is discarded", args[0], func(event domain.EventID) error {
					return o.outbox.Discard(ctx, operator, event, reason)
				})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit log")
	return cmd
}

func decide(cmd *cobra.Command, done, text string, decision func(domain.EventID) error) error {
	event, err := domain.ParseEventID(text)
	if err != nil {
		return fmt.Errorf("%q is no event's id", text)
	}
	err = decision(event)
	if errors.Is(err, domain.ErrInvalidArgument) {
		return errors.New(strings.Replace(describe(err).Error(), "event_id must", "the event must", 1))
	}
	if err != nil {
		return sayAs(err, notDead)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "event %s %s\n", event, done)
	return err
}
