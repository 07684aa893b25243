package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func newOutboxStatusCommand(options *globalOptions) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show how many events wait, are dead or held, and how each shard stands", Args: cobra.NoArgs,
		Long: `Shows how many events wait to be published and since when the oldest does, how many dead letters want a decision and how
many users they hold back; then each shard: whether it is paused, until when it is left alone after a failure, and what was
published last. Waiting events that grow older while no shard is delayed or paused mean that no service runs.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				status, err := o.outbox.Status(ctx, operator)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), statusReport(status, o.now()))
				}
				return showStatus(cmd.OutOrStdout(), status, o.now())
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func showStatus(out io.Writer, status ports.OutboxStatus, now time.Time) error {
	fmt.Fprintf(out, "waiting  %s", plural(status.Waiting, "event", "events"))
	if !status.OldestAt.IsZero() {
		fmt.Fprintf(out, ", the oldest for %s", max(now.Sub(status.OldestAt), 0).Round(time.Millisecond))
	}
	fmt.Fprintf(out, "\ndead     %s undecided\n", plural(status.Dead, "event", "events"))
	fmt.Fprintf(out, "held     the later events of %s\n\n", plural(status.Held, "user", "users"))
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "SHARD\tWAITING\tSTATE\tLAST OUTBOX ID\tSTREAM SEQUENCE")
	for _, shard := range status.Shards {
		fmt.Fprintf(table, "%d\t%d\t%s\t%d\t%d\n", shard.Shard, shard.Waiting, shardState(shard, now), shard.LastID, shard.Position.Sequence)
	}
	return table.Flush()
}

func shardState(shard ports.ShardStatus, now time.Time) string {
	switch {
	case shard.Paused:
		return "paused"
	case shard.DelayedUntil.After(now):
		return "delayed until " + stamp(shard.DelayedUntil)
	default:
		return "works"
	}
}

func statusReport(status ports.OutboxStatus, now time.Time) any {
	type shard struct {
		Shard          int        `json:"shard"`
		Waiting        int64      `json:"waiting"`
		Paused         bool       `json:"paused"`
		DelayedUntil   *time.Time `json:"delayed_until"`
		LastID         int64      `json:"last_id"`
		StreamSequence uint64     `json:"stream_sequence"`
	}
	shards := []shard{}
	for _, s := range status.Shards {
		shards = append(shards, shard{s.Shard, s.Waiting, s.Paused, orNull(s.DelayedUntil), s.LastID, s.Position.Sequence})
	}
	lag := 0.0
	if !status.OldestAt.IsZero() {
		lag = max(0, now.Sub(status.OldestAt).Seconds())
	}
	return struct {
		Waiting    int64      `json:"waiting"`
		OldestAt   *time.Time `json:"oldest_at"`
		LagSeconds float64    `json:"lag_seconds"`
		Dead       int64      `json:"dead"`
		Held       int64      `json:"held"`
		Shards     []shard    `json:"shards"`
	}{status.Waiting, orNull(status.OldestAt), lag, status.Dead, status.Held, shards}
}

func newOutboxPauseCommand(options *globalOptions) *cobra.Command {
	return newOutboxSwitchCommand(options, true, "pause", "Stop publication; what is committed meanwhile waits", "paused",
		`Stops publication from every shard, or from one, in all replicas, until menjin outbox resume; a restart does not end it.
Signing in goes on, and its events wait in their order. On PostgreSQL the command returns once the batches that are under way
are brought to their end. On SQLite it cannot see the service's work: the batch that is under way there at this moment may still
go out after the command has returned, within ten seconds; menjin outbox status shows when the last outbox id no longer rises.

Replays go on during a pause; menjin outbox cancel ends one. Sessions that end are ended as always; services that learn of it by
events learn of it late.`)
}

func newOutboxResumeCommand(options *globalOptions) *cobra.Command {
	return newOutboxSwitchCommand(options, false, "resume", "Start publication again", "resumed",
		`Starts publication again from every shard, or from one, after menjin outbox pause. What a shard
was delayed by after a failure is forgotten; the replica that met the failure still ends its own pause, of half a minute at most.`)
}

func newOutboxSwitchCommand(options *globalOptions, paused bool, use, short, done, long string) *cobra.Command {
	var shard int
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			which, name := (*int)(nil), "all shards"
			if cmd.Flags().Changed("shard") {
				which, name = &shard, fmt.Sprintf("shard %d", shard)
			}
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				err := o.outbox.SetPaused(ctx, operator, which, paused)
				if errors.Is(err, domain.ErrNotFound) {
					return fmt.Errorf("there is no %s; menjin outbox status lists them", name)
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", done, name)
				return err
			})
		},
	}
	cmd.Flags().IntVar(&shard, "shard", 0, "one shard alone, by its number")
	return cmd
}
