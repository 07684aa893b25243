package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/bootstrap/archive"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/domain"
)

func newRestoreCommand(options *globalOptions) *cobra.Command {
	var folder string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Make a data folder from what menjin backup wrote", Args: cobra.ExactArgs(1),
		Long: `Makes a data folder from a file that menjin backup wrote. Everything is verified before anything is written; the
folder must be empty or not be there, and appears whole or not at all. A service that starts on it publishes again what the
streams in the file lack of the database in it; subscribers may see such events a second time, with the same id.

What happened after the backup is lost. Whoever was signed in by then is signed out, and registered anew at the next sign-in
if that is younger still.

The exit status is 0 when the folder is whole, and otherwise 1.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, log, err := loggedConfig(options)
			if err != nil {
				return err
			}
			if folder == "" {
				folder = cfg.DataDir
			}
			manifest, err := restore(cmd.Context(), log, args[0], folder)
			if err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			if asJSON {
				return sayBackup(cmd.OutOrStdout(), "", manifest, true)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "restored %s as it was at %s; start the service with %s=%s\n",
				folder, stamp(manifest.MadeAt), config.EnvName("data_dir"), folder)
			return err
		},
	}
	cmd.Flags().StringVar(&folder, "data-dir", "", "folder to make (default the setting data_dir)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the manifest")
	return cmd
}

func restore(ctx context.Context, log *slog.Logger, from, folder string) (archive.Manifest, error) {
	if err := mustBeEmpty(folder); err != nil {
		return archive.Manifest{}, err
	}
	if manifest, err := archive.Verify(from); err != nil {
		return manifest, err
	}
	parent := filepath.Dir(filepath.Clean(folder))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return archive.Manifest{}, err
	}
	draft, err := os.MkdirTemp(parent, ".restore-*") // with mode 0700
	if err != nil {
		return archive.Manifest{}, err
	}
	defer os.RemoveAll(draft)
	manifest, err := archive.Unpack(from, draft)
	if err != nil {
		return manifest, err
	}
	if err := restoreDatabase(ctx, draft, manifest); err != nil {
		return manifest, err
	}
	if err := restoreStreams(ctx, log, draft, manifest); err != nil {
		return manifest, err
	}
	if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty, or this fails
		return manifest, err
	}
	return manifest, os.Rename(draft, folder)
}

func mustBeEmpty(folder string) error {
	found, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(found) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(folder, lockName)); err == nil {
		return fmt.Errorf("%s is the data folder of a service; stop it if it runs, and move the folder away", folder)
	}
	return fmt.Errorf("%s is not empty", folder)
}

func restoreDatabase(ctx context.Context, draft string, manifest archive.Manifest) error {
	path := filepath.Join(draft, databaseFile)
	if manifest.Schema == 0 {
		return nil
	}
	if err := sqlstore.CheckFile(ctx, domain.NewSecret("sqlite:"+path)); err != nil {
		return err
	}
	known, _, err := schemaOf(ctx, path)
	if err == nil && manifest.Schema > known {
		err = fmt.Errorf("the database has schema %d, of %s; this release knows %d", manifest.Schema, manifest.Version, known)
	}
	return err
}

func restoreStreams(ctx context.Context, log *slog.Logger, draft string, manifest archive.Manifest) error {
	copies := filepath.Join(draft, streamsFolder)
	if _, err := os.Stat(copies); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	server, err := natsbus.StartEmbedded(filepath.Join(draft, natsFolder), natsbus.EmbeddedOptions{Log: log})
	if err != nil {
		return err
	}
	restored, err := server.Restore(ctx, copies)
	server.Close()
	if err == nil && manifest.Schema > 0 {
		err = sqlstore.RenameStream(ctx, domain.NewSecret("sqlite:"+filepath.Join(draft, databaseFile)), restored.Was, restored.Is)
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(copies)
}
