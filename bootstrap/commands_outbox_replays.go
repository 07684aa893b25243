package bootstrap

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func newOutboxReplaysCommand(options *globalOptions) *cobra.Command {
	var (
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "replays", Short: "List the replays that were asked for, the newest first", Args: cobra.NoArgs,
		Long: `Lists the replays that were asked for, the newest first: which events, where to, how many were sent, and whether it is at
work, finished, or ended early and why. They are kept for 30 days.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > newestReplays {
				return fmt.Errorf("--limit must be 1 to %d", newestReplays)
			}
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				replays, err := o.outbox.Replays(ctx, operator, limit)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), replaysReport(replays))
				}
				return showReplays(cmd.OutOrStdout(), replays)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func showReplays(out io.Writer, replays []ports.Replay) error {
	if len(replays) == 0 {
		_, err := fmt.Fprintln(out, "no replays")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "REPLAY\tASKED FOR\tEVENTS\tTO\tSENT\tSTATE")
	for _, replay := range replays {
		to, state := "the stream", fmt.Sprintf("at outbox id %d of %d", replay.Next, replay.Last)
		if replay.To != "" {
			to = "menjin.replay." + replay.To
		}
		if !replay.FinishedAt.IsZero() {
			state = "finished " + stamp(replay.FinishedAt)
		}
		if replay.Failure != "" {
			state = "ended " + stamp(replay.FinishedAt) + ": " + replay.Failure
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", replay.ID, stamp(replay.RequestedAt), filterText(replay.Filter), to, replay.Sent, state)
	}
	return table.Flush()
}

func filterText(filter ports.ReplayFilter) string {
	var parts []string
	add := func(name, value string, set bool) {
		if set {
			parts = append(parts, name+" "+value)
		}
	}
	add("from", fmt.Sprint(filter.FromID), filter.FromID > 0)
	add("to", fmt.Sprint(filter.ToID), filter.ToID > 0)
	add("type", filter.Type, filter.Type != "")
	add("user", filter.User.String(), !filter.User.IsZero())
	add("since", stamp(filter.Since), !filter.Since.IsZero())
	add("until", stamp(filter.Until), !filter.Until.IsZero())
	return strings.Join(parts, ", ")
}

func replaysReport(replays []ports.Replay) any {
	type filter struct {
		FromID *int64     `json:"from_id"`
		ToID   *int64     `json:"to_id"`
		Type   *string    `json:"type"`
		UserID *string    `json:"user_id"`
		Since  *time.Time `json:"since"`
		Until  *time.Time `json:"until"`
	}
	type replay struct {
		ID          string     `json:"id"`
		RequestedAt time.Time  `json:"requested_at"`
		Filter      filter     `json:"filter"`
		To          *string    `json:"to"`
		NextID      int64      `json:"next_id"`
		LastID      int64      `json:"last_id"`
		Sent        int64      `json:"sent"`
		FinishedAt  *time.Time `json:"finished_at"`
		Failure     *string    `json:"failure"`
	}
	list := []replay{}
	for _, r := range replays {
		f := filter{
			FromID: setOrNull(r.Filter.FromID), ToID: setOrNull(r.Filter.ToID), Type: setOrNull(r.Filter.Type),
			UserID: idOrNull(r.Filter.User), Since: orNull(r.Filter.Since), Until: orNull(r.Filter.Until),
		}
		list = append(list, replay{
			r.ID.String(), r.RequestedAt, f, setOrNull(r.To), r.Next, r.Last, r.Sent, orNull(r.FinishedAt), setOrNull(r.Failure),
		})
	}
	return list
}

// setOrNull leaves out what is not set.
func setOrNull[V comparable](value V) *V {
	var unset V
	if value == unset {
		return nil
	}
	return &value
}

func newOutboxCancelCommand(options *globalOptions) *cobra.Command {
	return &cobra.Command{
		Use: "cancel REPLAY_ID", Short: "End a replay; what it has sent stays sent", Args: cobra.ExactArgs(1),
		Long: `Ends a replay that is at work, or that no service has begun. What it has sent stays sent.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := domain.ParseID(args[0])
			if err != nil {
				return fmt.Errorf("%q is no replay's id", args[0])
			}
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				if err := o.outbox.CancelReplay(ctx, operator, id); err != nil {
					return sayAs(err, "no replay of that id is at work; menjin outbox replays lists them")
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "replay %s is cancelled\n", id)
				return err
			})
		},
	}
}
