package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	replayPoll = 200 * time.Millisecond
	// newestReplays is how far back one that is waited for is looked for.
	newestReplays = 1000
)

// replayFlags are a replay as it is asked for.
type replayFlags struct {
	from, to                int64
	kind, user              string
	since, until, toSubject string
}

func newOutboxReplayCommand(options *globalOptions) *cobra.Command {
	var (
		flags replayFlags
		wait  bool
	)
	cmd := &cobra.Command{
		Use: "replay", Short: "Send events again that were published before", Args: cobra.NoArgs,
		Long: `Has events sent again that were published before and are still kept, which is seven days; all that is named picks them
together, and something must be. A service that runs carries it out, beside what it publishes; menjin outbox replays shows how
far it is, and --wait waits for its end. Events that wait, are dead or are held are no part of it.

Without --to-subject they go to the stream, at their own subjects and marked by the header ce-replayed: true: every subscriber
gets them, and those that keep an inbox, as clients/go does, know them by their ids. With --to-subject NAME they go to
menjin.replay.NAME.<subject without "menjin.">, beside the stream, for one subscriber alone: have it listen, or let a stream of
its own take menjin.replay.NAME.>, before you begin.

  menjin outbox replay --since 2h --to-subject search
  menjin outbox replay --user 0197…  --type menjin.user.profile_updated.v1 --wait
  menjin outbox replay --from 120000 --to 125000`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				filter, err := flags.filter(ctx, o)
				if err != nil {
					return err
				}
				replay, err := o.outbox.Replay(ctx, operator, filter, flags.toSubject)
				if err != nil {
					return describeReplay(err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "replay %s is asked for, up to outbox id %d\n", replay.ID, replay.Last)
				if !wait {
					return nil
				}
				return awaitReplay(ctx, o, replay, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().Int64Var(&flags.from, "from", 0, "first outbox id")
	cmd.Flags().Int64Var(&flags.to, "to", 0, "last outbox id")
	cmd.Flags().StringVar(&flags.kind, "type", "", "type of event, e.g. menjin.user.registered.v1")
	cmd.Flags().StringVar(&flags.user, "user", "", "of one user, by id or username")
	cmd.Flags().StringVar(&flags.since, "since", "", "made since a time (RFC 3339), or so long ago, like 2h")
	cmd.Flags().StringVar(&flags.until, "until", "", "made before a time (RFC 3339), or so long ago, like 30m")
	cmd.Flags().StringVar(&flags.toSubject, "to-subject", "", "name below menjin.replay to send to; empty: to the stream")
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until it is finished")
	return cmd
}

func (f replayFlags) filter(ctx context.Context, o *Operator) (filter ports.ReplayFilter, err error) {
	filter.FromID, filter.ToID, filter.Type = f.from, f.to, f.kind
	if filter.Since, err = instant("since", f.since, o.now()); err != nil {
		return filter, err
	}
	if filter.Until, err = instant("until", f.until, o.now()); err != nil {
		return filter, err
	}
	filter.User, err = o.userNamed(ctx, f.user)
	return filter, err
}

// describeReplay names faults by the flags.
func describeReplay(err error) error {
	text := describe(err).Error()
	for field, flag := range map[string]string{
		"filter must say which events": "name the events, by --from, --to, --type, --user, --since or --until",
		"from_id must":                 "--from must", "to_id must not be below from_id": "--to must not be below --from",
		"type must": "--type must", "until must be later than since": "--until must be later than --since",
		"to must": "--to-subject must",
	} {
		text = strings.ReplaceAll(text, field, flag)
	}
	if failure, ok := errors.AsType[*domain.Error](err); ok && len(failure.Violations) > 0 {
		return errors.New(text)
	}
	return err
}

// awaitReplay polls, as another process carries the replay out.
func awaitReplay(ctx context.Context, o *Operator, replay ports.Replay, out, progress io.Writer) error {
	line, tick := newProgressLine(progress), time.NewTicker(replayPoll)
	defer tick.Stop()
	for {
		replays, err := o.outbox.Replays(ctx, operator, newestReplays)
		if err != nil {
			return err
		}
		for _, at := range replays {
			if at.ID == replay.ID {
				replay = at
			}
		}
		if !replay.FinishedAt.IsZero() {
			line.end()
			break
		}
		line.say(fmt.Sprintf("%s sent, at outbox id %d of %d", plural(replay.Sent, "event", "events"), replay.Next, replay.Last))
		select {
		case <-ctx.Done():
			line.end()
			return errors.New("no longer waiting; the replay goes on, menjin outbox cancel " + replay.ID.String() + " ends it")
		case <-tick.C:
		}
	}
	if replay.Failure != "" {
		return fmt.Errorf("the replay ended after %s: %s", plural(replay.Sent, "event", "events"), replay.Failure)
	}
	_, err := fmt.Fprintf(out, "%s sent again\n", plural(replay.Sent, "event", "events"))
	return err
}
