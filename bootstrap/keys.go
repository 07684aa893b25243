package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/application/signingkey"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/bootstrap/keyfile"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func newKeysCommand(options *globalOptions) *cobra.Command {
	keys := &cobra.Command{Use: "keys", Short: "List and rotate keys, re-encrypt what lies under old ones, make a master key"}
	keys.AddCommand(
		newKeysListCommand(options), newKeysRotateCommand(options), newKeysReencryptCommand(options), newMasterKeyCommand(),
	)
	return keys
}

func newMasterKeyCommand() *cobra.Command {
	var out, after string
	cmd := &cobra.Command{
		Use: "new", Short: "Make a value for vault.keyset and write it to a file that only its owner can read", Args: cobra.NoArgs,
		Long: `Makes a master key, a value for vault.keyset, and writes it to a file that only its owner can read.

To replace a master key, make one with --after, give it to every replica, and run menjin keys rotate --master.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := newMasterKey(after)
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
	cmd.Flags().StringVar(&after, "after", "", "file with the master key that the new one is to replace, and to know")
	return cmd
}

func newMasterKey(after string) (domain.Secret, error) {
	if after == "" {
		return vault.Generate()
	}
	none := func() (domain.Secret, error) { return domain.Secret{}, fs.ErrNotExist }
	before, _, err := keyfile.ReadOrCreate(after, none)
	if err != nil {
		return domain.Secret{}, fmt.Errorf("read key: %w", err)
	}
	return vault.GenerateAfter(before)
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

// provideKeeper loads the keys before anything can want to sign. They are encrypted, which is why data keys come first.
func provideKeeper(
	ctx context.Context, cfg *config.Config, _ *datakey.Keeper, store ports.SigningKeys, ring *tokens.Ring, now ports.Clock,
	log *slog.Logger,
) (*signingkey.Keeper, error) {
	keeper := signingkey.NewKeeper(store, ring, cfg.Token.AccessTTL, now, log)
	return keeper, keeper.Load(ctx)
}
