package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/application/signingkey"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/bootstrap/keyfile"
	"github.com/menjin-id/menjin/ports"
)

func newKeysCommand(options *globalOptions) *cobra.Command {
	keys := &cobra.Command{Use: "keys", Short: "List and rotate the keys of access tokens, make the key of encrypted fields"}
	keys.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List the keys that verify access tokens", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return withOperator(cmd, options, func(ctx context.Context, o *Operator) error { return listKeys(ctx, cmd, o) })
			},
		},
		&cobra.Command{
			Use: "rotate", Short: "Make a key that signs soon, and lets no valid token die", Args: cobra.NoArgs,
			Long: `Makes a key that verifies at once and signs after ten minutes, when every replica knows it. The keys before it verify as
long as tokens they signed live. A service that runs follows by itself; it also rotates by itself every 90 days.`,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
					if err := o.keeper.Rotate(ctx); err != nil {
						return err
					}
					return listKeys(ctx, cmd, o)
				})
			},
		},
		newVaultKeyCommand(),
	)
	return keys
}

func listKeys(ctx context.Context, cmd *cobra.Command, o *Operator) error {
	keys, err := o.keys.All(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "KID\tMADE\tRETIRES")
	for _, key := range keys {
		retires := "-"
		if !key.RetiresAt.IsZero() {
			retires = key.RetiresAt.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", key.ID, key.CreatedAt.Format(time.RFC3339), retires)
	}
	return table.Flush()
}

func newVaultKeyCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "new", Short: "Make a value for vault.keyset and write it to a file that only its owner can read", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := vault.Generate()
			if err != nil {
				return err
			}
			if err := keyfile.Create(out, key); errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s exists; a key is never overwritten, as what it protects would be lost", out)
			} else if err != nil {
				return fmt.Errorf("write key: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s; use it with %s_FILE=%s\n", out, config.EnvName("vault.keyset"), out)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "vault.key", "file to write; it must not exist")
	return cmd
}

// provideVault reads the configured keyset, or that of the data folder.
func provideVault(cfg *config.Config, log *slog.Logger) (*vault.Vault, error) {
	if !cfg.Vault.Keyset.IsZero() {
		keys, err := vault.Parse(cfg.Vault.Keyset)
		if err != nil {
			return nil, config.Fault{Key: "vault.keyset", Reason: err.Error()}
		}
		return keys, nil
	}
	path := filepath.Join(cfg.DataDir, "keys", "vault.json")
	text, created, err := keyfile.ReadOrCreate(path, vault.Generate)
	if err != nil {
		return nil, config.Fault{Key: "data_dir", Reason: err.Error()}
	}
	if created {
		log.Info("made a key; without it what is stored cannot be read", "file", path)
	}
	keys, err := vault.Parse(text)
	if err != nil {
		return nil, config.Fault{Key: "data_dir", Reason: path + ": " + err.Error()}
	}
	return keys, nil
}

func provideRing(cfg *config.Config) *tokens.Ring {
	return tokens.NewRing(tokens.Algorithm(cfg.Token.Algorithm))
}

func provideIssuer(cfg *config.Config, ring *tokens.Ring) *tokens.Issuer {
	return tokens.NewIssuer(ring, cfg.Token.Issuer, cfg.Token.Audience)
}

func provideVerifier(cfg *config.Config, ring *tokens.Ring) *tokens.Verifier {
	return tokens.NewVerifier(ring, cfg.Token.Issuer, cfg.Token.Audience)
}

// provideKeeper loads the keys before anything can want to sign.
func provideKeeper(
	ctx context.Context, cfg *config.Config, store ports.SigningKeys, ring *tokens.Ring, now ports.Clock, log *slog.Logger,
) (*signingkey.Keeper, error) {
	keeper := signingkey.NewKeeper(store, ring, cfg.Token.AccessTTL, now, log)
	return keeper, keeper.Load(ctx)
}
