package bootstrap

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/sqlstore"
)

// statusDiffers is the exit status when what was copied is not what it was copied from.
const statusDiffers = 2

func newTransferCommand(options *globalOptions) *cobra.Command {
	var from string
	var asJSON, verify bool
	cmd := &cobra.Command{
		Use: "transfer", Short: "Move from the embedded database to the configured PostgreSQL, and Redis", Args: cobra.NoArgs,
		Long: `Copies everything from the embedded database of a data folder into the database that database.url names: users, their
identities, roles and sessions, keys, the audit log, events and what waits of them. Sessions go to Redis where sessions.url
names one. The target must be empty, and the service stopped, there and here; vault.keyset must be the master key of the old
installation, or its key file lie in data_dir. database.url must lead to PostgreSQL itself, not to a pooler.

Run it again when it was broken off, be it by a crash; it goes on where it was. Every row and every session is compared at the
end, and until then no service starts on the target. Afterwards start the service with the new settings, and never again with
the old ones. --verify compares once more, as long as no service has started on the target, and copies nothing.

What does not move: with sessions in Redis, limits start anew, those of requests and those of wrong passwords and codes. With an
external NATS the events of the last seven days are published to the new stream when the service starts; the history of the old
stream beyond them stays there.

The exit status is 0 when all is there, 2 when the target does not hold what the source does, and otherwise 1.`,
		Example: `  MENJIN_DATABASE_URL=postgres://menjin@db/menjin menjin transfer --from ./data
  menjin transfer --config /etc/menjin.yaml --from /var/lib/menjin --json > transfer.json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, log, err := loggedConfig(options)
			if err != nil {
				return err
			}
			if from == "" {
				from = cfg.DataDir
			}
			line := newProgressLine(cmd.ErrOrStderr())
			work := transferring{
				cfg: cfg, log: log, from: strings.TrimPrefix(from, "sqlite:"), verify: verify,
				tell: func(p sqlstore.TransferProgress) { line.say(transferLine(p)) },
			}
			report, err := work.do(cmd.Context())
			line.end()
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), report)
			}
			return report.write(cmd.OutOrStdout(), verify)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "data folder of the embedded installation (default the setting data_dir)")
	cmd.Flags().BoolVar(&verify, "verify", false, "copy nothing, and compare what an earlier run has copied")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was copied for programs to read")
	return cmd
}

func transferLine(p sqlstore.TransferProgress) string {
	text := fmt.Sprintf("%s %s: %d", p.Doing, p.Table, p.Rows)
	if p.Of > 0 {
		text += fmt.Sprintf(" of %d", p.Of)
	}
	return text
}

type transferReport struct {
	Tables        []sqlstore.Transferred `json:"tables"`
	RedisSessions *int64                 `json:"redis_sessions,omitempty"` // compared, like the rows
}

func (r transferReport) write(out io.Writer, verified bool) error {
	for _, table := range r.Tables {
		fmt.Fprintf(out, "%-16s %9d rows, compared, %.16s\n", table.Table, table.Rows, table.SHA256)
	}
	if r.RedisSessions != nil {
		fmt.Fprintf(out, "%-16s %9d sessions, compared\n", "Redis", *r.RedisSessions)
	}
	last := "everything is there; start the service with the new settings, and never again with the old ones"
	if verified {
		last = "everything is there still"
	}
	_, err := fmt.Fprintln(out, last)
	return err
}
