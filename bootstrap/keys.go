package bootstrap

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/bootstrap/keyfile"
	"github.com/menjin-id/menjin/domain"
)

// keyKind is a kind of key that an operator can have made.
type keyKind struct {
	name     string
	setting  string
	generate func() (domain.Secret, error)
}

func keyKinds() []keyKind {
	return []keyKind{
		{"signing", "token.signing_key", func() (domain.Secret, error) { return tokens.GenerateKey(tokens.EdDSA) }},
		{"vault", "vault.keyset", vault.Generate},
	}
}

func newKeysCommand() *cobra.Command {
	keys := &cobra.Command{Use: "keys", Short: "Make keys"}
	create := &cobra.Command{Use: "new", Short: "Make a key and write it to a file that only its owner can read"}
	for _, kind := range keyKinds() {
		var out string
		cmd := &cobra.Command{
			Use: kind.name, Short: "Make a value for " + kind.setting, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				key, err := kind.generate()
				if err != nil {
					return err
				}
				if err := keyfile.Create(out, key); errors.Is(err, fs.ErrExist) {
					return fmt.Errorf("%s exists; a key is never overwritten, as what it protects would be lost", out)
				} else if err != nil {
					return fmt.Errorf("write key: %w", err)
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s; use it with %s_FILE=%s\n", out, config.EnvName(kind.setting), out)
				return err
			},
		}
		cmd.Flags().StringVar(&out, "out", kind.name+".key", "file to write; it must not exist")
		create.AddCommand(cmd)
	}
	keys.AddCommand(create)
	return keys
}

// provideTokenKeys reads the configured keys, or those of the data folder.
func provideTokenKeys(cfg *config.Config, log *slog.Logger) (*tokens.Keys, error) {
	algorithm := tokens.Algorithm(cfg.Token.Algorithm)
	if !cfg.Token.SigningKey.IsZero() {
		keys, err := tokens.ParseKeys(cfg.Token.SigningKey, algorithm)
		if err != nil {
			return nil, config.Fault{Key: "token.signing_key", Reason: err.Error()}
		}
		return keys, nil
	}
	text, err := ownKey(cfg, log, "token-"+cfg.Token.Algorithm+".pem", func() (domain.Secret, error) { return tokens.GenerateKey(algorithm) })
	if err != nil {
		return nil, err
	}
	return tokens.ParseKeys(text, algorithm)
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
	text, err := ownKey(cfg, log, "vault.json", vault.Generate)
	if err != nil {
		return nil, err
	}
	return vault.Parse(text)
}

func ownKey(cfg *config.Config, log *slog.Logger, name string, generate func() (domain.Secret, error)) (domain.Secret, error) {
	path := filepath.Join(cfg.DataDir, "keys", name)
	key, created, err := keyfile.ReadOrCreate(path, generate)
	if err != nil {
		return domain.Secret{}, config.Fault{Key: "data_dir", Reason: err.Error()}
	}
	if created {
		log.Info("made a key; without it what is stored cannot be read", "file", path)
	}
	return key, nil
}
