package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/bootstrap/archive"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/domain"
)

const (
	databaseFile     = "menjin.db"
	streamsFolder    = "streams"
	toStandardOutput = "-"
)

func newBackupCommand(options *globalOptions) *cobra.Command {
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "backup", Short: "Copy the embedded parts into one file, also while the service runs", Args: cobra.NoArgs,
		Long: `Copies what lies in data_dir into one file: the embedded database, the streams of the embedded NATS with their
consumers, the keys, and whatever else is there. The service may run meanwhile. Whoever had an answer before the backup
began is in it. What lies on servers elsewhere is not, and is named on standard error.

The file holds the master key where that lies in data_dir: who has the file can read every telephone number and sign in as
anybody. It is readable by its owner alone; encrypt it before it leaves the machine, for instance with age. A name that ends
in .tar is not compressed. With --out - it goes to standard output once it is whole, by way of data_dir, and what there is to say
to standard error.

The exit status is 0 when the file is whole, and otherwise 1, and there is none.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, log, err := loggedConfig(options)
			if err != nil {
				return err
			}
			path, said := out, cmd.OutOrStdout()
			switch out {
			case "":
				path = archiveName()
			case toStandardOutput:
				path, said = filepath.Join(cfg.DataDir, archiveName()), cmd.ErrOrStderr()
			}
			manifest, err := backup(cmd.Context(), cfg, log, path)
			if err == nil && out == toStandardOutput {
				err = handOver(cmd.OutOrStdout(), path)
				path = "standard output"
			}
			if err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			for _, part := range elsewhere(cfg) {
				fmt.Fprintln(cmd.ErrOrStderr(), part)
			}
			return sayBackup(said, path, manifest, asJSON)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write; it must not exist (default menjin-<time>.tar.gz); - is standard output")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the manifest")
	return cmd
}

func archiveName() string { return "menjin-" + time.Now().UTC().Format("20060102-150405") + ".tar.gz" }

// handOver writes the file to whoever waits for it, and leaves none behind: out of a container there may be no other way.
func handOver(out io.Writer, path string) error {
	defer os.Remove(path)
	file, err := os.Open(path) //nolint:gosec // just written
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(out, file)
	return err
}

func sayBackup(out io.Writer, path string, manifest archive.Manifest, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(manifest)
	}
	var size int64
	for _, file := range manifest.Files {
		size += file.Size
	}
	fmt.Fprintf(out, "wrote %s: %d files of %d bytes\n", path, len(manifest.Files), size)
	warning := "The master key is not in it; keep that apart, nothing can be read without it."
	if manifest.MasterKey {
		warning = "The master key is in it: encrypt the file before it leaves this machine."
	}
	_, err := fmt.Fprintln(out, warning)
	return err
}

// elsewhere says what somebody might look for in the file who restores it.
func elsewhere(cfg *config.Config) (warnings []string) {
	for _, part := range []struct {
		outside           bool
		what, key, remedy string
	}{
		{!cfg.EmbeddedDatabase(), "users", "database.url", "copy that with the tools of PostgreSQL, such as pg_dump"},
		{!cfg.SessionsInDatabase(), "sessions", "sessions.url", "without them everybody signs in again"},
		{!cfg.EmbeddedEvents(), "streams", "events.url", "copy that with nats stream backup"},
	} {
		if part.outside {
			warnings = append(warnings, fmt.Sprintf("NOT in it: %s, which lie at %s; %s.", part.what, part.key, part.remedy))
		}
	}
	return warnings
}

// backup copies the streams first and the database after them, so that the streams tell of nobody whom the database does not
// know; what they lack of it is published again after a restore. The keys come last: the newest know those before them.
func backup(ctx context.Context, cfg *config.Config, log *slog.Logger, out string) (archive.Manifest, error) {
	if !cfg.EmbeddedDatabase() && !cfg.EmbeddedEvents() {
		return archive.Manifest{}, errors.New("nothing is embedded; database.url and events.url name servers that have tools of their own")
	}
	if _, err := os.Stat(out); err == nil {
		return archive.Manifest{}, fmt.Errorf("%s exists", out)
	}
	if _, err := os.Stat(cfg.DataDir); err != nil {
		return archive.Manifest{}, config.Fault{Key: "data_dir", Reason: err.Error()}
	}
	manifest := archive.Manifest{MadeAt: time.Now().UTC().Truncate(time.Second), Version: version()}
	_, unlock, err := holdDataFolder(cfg)
	if manifest.Online = err != nil; !manifest.Online {
		defer unlock()
	}
	spool, err := os.MkdirTemp(cfg.DataDir, spoolPrefix) // with mode 0700
	if err != nil {
		return manifest, err
	}
	defer os.RemoveAll(spool)
	if cfg.EmbeddedEvents() {
		if err := copyStreams(ctx, cfg, log, spool, manifest.Online); err != nil {
			return manifest, err
		}
	}
	if cfg.EmbeddedDatabase() {
		if manifest.Schema, err = copyDatabase(ctx, cfg, spool); err != nil {
			return manifest, err
		}
	}
	if err := copyRest(cfg.DataDir, spool, out); err != nil {
		return manifest, err
	}
	_, err = os.Stat(filepath.Join(spool, "keys", filepath.Base(localKeyFile(cfg))))
	manifest.MasterKey = err == nil
	return archive.Write(out, spool, manifest)
}

// copyStreams starts the server itself when no service does.
func copyStreams(ctx context.Context, cfg *config.Config, log *slog.Logger, spool string, online bool) error {
	if online {
		return askSnapshot(ctx, cfg.DataDir, spool)
	}
	store := filepath.Join(cfg.DataDir, natsFolder)
	if _, err := os.Stat(store); errors.Is(err, fs.ErrNotExist) {
		return nil // the service never ran
	}
	server, err := natsbus.StartEmbedded(store, natsbus.EmbeddedOptions{Log: log})
	if err != nil {
		return err
	}
	defer server.Close()
	return server.Snapshot(ctx, filepath.Join(spool, streamsFolder))
}

// copyDatabase returns the version of the schema.
func copyDatabase(ctx context.Context, cfg *config.Config, spool string) (schema int64, err error) {
	path := filepath.Join(spool, databaseFile)
	if err := sqlstore.Snapshot(ctx, databaseURL(cfg), path); err != nil {
		return 0, err
	}
	_, schema, err = schemaOf(ctx, path)
	for _, beside := range []string{"-wal", "-shm"} {
		_ = os.Remove(path + beside) // empty, and not there as a rule
	}
	return schema, err
}

// schemaOf returns the newest step that this release knows and the newest that was applied.
func schemaOf(ctx context.Context, path string) (known, applied int64, err error) {
	steps, err := sqlstore.MigrationStatus(ctx, domain.NewSecret("sqlite:"+path))
	for _, step := range steps {
		known = max(known, step.Version)
		if !step.AppliedAt.IsZero() {
			applied = max(applied, step.Version)
		}
	}
	return known, applied, err
}

// copyRest takes along every other regular file of the data folder.
func copyRest(folder, spool, out string) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone meanwhile
		}
		relative, relativeErr := filepath.Rel(folder, path)
		if err := errors.Join(err, relativeErr); err != nil {
			return err
		}
		first, _, _ := strings.Cut(relative, string(filepath.Separator))
		switch {
		case first == natsFolder, strings.HasPrefix(first, spoolPrefix):
			return fs.SkipDir
		case !entry.Type().IsRegular(), first == lockName, strings.HasPrefix(first, databaseFile), isArchive(path, out):
			return nil
		}
		content, err := os.ReadFile(path) //nolint:gosec // found in the folder
		if err != nil {
			return err
		}
		to := filepath.Join(spool, relative)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o600) //nolint:gosec // within the folder just made
	})
}

// isArchive keeps earlier backups, which may lie in the folder, out of the next.
func isArchive(path, out string) bool {
	name := filepath.Base(path)
	return name == filepath.Base(out) || strings.HasPrefix(name, ".backup-") || // a draft of a run that was killed
		strings.HasPrefix(name, "menjin-") && strings.Contains(name, ".tar")
}
