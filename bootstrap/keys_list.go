package bootstrap

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/ports"
)

func newKeysListCommand(options *globalOptions) *cobra.Command {
	var count bool
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the keys that verify access tokens, and those of encrypted fields", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				if *asJSON {
					return o.reportKeys(ctx, cmd.OutOrStdout(), count)
				}
				if err := listKeys(ctx, cmd.OutOrStdout(), o); err != nil {
					return err
				}
				return listDataKeys(ctx, cmd.OutOrStdout(), o, count)
			})
		},
	}
	asJSON = asksForJSON(cmd)
	cmd.Flags().BoolVar(&count, "count", false, "count the fields under each key, which reads every row")
	return cmd
}

func listKeys(ctx context.Context, out io.Writer, o *Operator) error {
	keys, err := o.keys.All(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "KID\tMADE\tRETIRES")
	for _, key := range keys {
		retires := "-"
		if !key.RetiresAt.IsZero() {
			retires = stamp(key.RetiresAt)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", key.ID, stamp(key.CreatedAt), retires)
	}
	return table.Flush()
}

func listDataKeys(ctx context.Context, out io.Writer, o *Operator, count bool) error {
	var used map[uint32]int64
	if count {
		var err error
		if used, err = o.rows.Usage(ctx); err != nil {
			return err
		}
	}
	plan := o.dataKeys.Plan()
	version, master := o.dataKeys.Version()
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(table, "\nDATA KEY\tMADE\tFIELDS\tSTATE\n")
	for i, key := range plan.Fields {
		fields := "-"
		if count {
			fields = strconv.FormatInt(used[key.ID], 10)
		}
		fmt.Fprintf(table, "field %d\t%s\t%s\t%s\n", key.ID, stamp(key.MadeAt), fields, o.fieldKeyState(plan, i))
	}
	fmt.Fprintf(table, "index\t%s\t-\t%s\n", stamp(plan.IndexAt), indexKeyState(plan.Index))
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nVersion %d, wrapped by the master key %s\n", version, master)
	return err
}

func (o *Operator) fieldKeyState(plan ports.DataKeyPlan, i int) string {
	now, key := o.now(), plan.Fields[i]
	switch last := i == len(plan.Fields)-1; {
	case now.Before(key.SealsFrom):
		return "seals from " + stamp(key.SealsFrom)
	case last && plan.Cleaned != key.ID:
		return "seals; rows are still to be re-encrypted"
	case last, now.Before(plan.Fields[i+1].SealsFrom):
		return "seals"
	case plan.Cleaned == plan.Newest().ID:
		return "opens sessions outside of the database"
	default:
		return "opens"
	}
}

func indexKeyState(phase ports.IndexPhase) string {
	if phase == ports.IndexSteady {
		return "digests"
	}
	return fmt.Sprintf("is being replaced, step %d of %d", phase, ports.IndexClosing)
}
