package bootstrap

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

// rotation says which keys are to be replaced.
type rotation struct{ tokens, fields, index, master, all bool }

func newKeysRotateCommand(options *globalOptions) *cobra.Command {
	var which rotation
	cmd := &cobra.Command{
		Use: "rotate", Short: "Replace keys, and let no valid token die and no request fail", Args: cobra.NoArgs,
		Long: `Replaces the keys of access tokens and of encrypted fields, or those that flags name.

--tokens  A key that verifies at once and signs after ten minutes, when every replica knows it. The keys before it verify as
          long as tokens they signed live.
--fields  A key of encrypted fields that seals after a minute. What lies under the one before is re-encrypted in the
          background, or at once by menjin keys reencrypt; then that one goes, once no session can need it.
--index   The key of the digests by which encrypted fields are found. It takes some ten minutes in the background.
--master  No new key: the same data keys, wrapped anew by the configured master key. Wanted after the master key itself was
          replaced, before its old one is taken away.

Without flags it does what --tokens and --fields do; --all does --index as well. A service that runs follows by itself; it
also replaces all these keys by itself every 90 days, the index key once everything is under the newest key of fields.
What is done is noted in the audit log, and what failed as failed.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				if err := o.rotate(ctx, which); err != nil {
					return err
				}
				return errors.Join(listKeys(ctx, cmd.OutOrStdout(), o), listDataKeys(ctx, cmd.OutOrStdout(), o, false))
			})
		},
	}
	cmd.Flags().BoolVar(&which.tokens, "tokens", false, "replace the key of access tokens")
	cmd.Flags().BoolVar(&which.fields, "fields", false, "replace the key of encrypted fields")
	cmd.Flags().BoolVar(&which.index, "index", false, "replace the key of their indexes")
	cmd.Flags().BoolVar(&which.master, "master", false, "wrap the data keys anew")
	cmd.Flags().BoolVar(&which.all, "all", false, "replace the keys of tokens, fields and indexes")
	return cmd
}

func (o *Operator) rotate(ctx context.Context, which rotation) error {
	if which == (rotation{}) {
		which.tokens, which.fields = true, true
	}
	for _, step := range []struct {
		wanted bool
		detail string
		do     func() error
	}{
		{which.tokens || which.all, "rotate tokens", func() error { return o.keeper.Rotate(ctx) }},
		{which.fields || which.all, "rotate fields", func() error { return o.dataKeys.RotateFields(ctx, 0) }},
		{which.index || which.all, "rotate index", func() error { return o.dataKeys.RotateIndex(ctx) }},
		{which.master, "rewrap", func() error { return o.dataKeys.Rewrap(ctx) }},
	} {
		if !step.wanted {
			continue
		}
		err := step.do()
		if err != nil {
			step.detail += " failed" // it may have come half the way
		}
		if err := errors.Join(err, o.note(ctx, step.detail)); err != nil {
			return err
		}
	}
	return nil
}
