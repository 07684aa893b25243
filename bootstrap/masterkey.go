package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/menjin-id/menjin/adapters/pkcs11"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/transit"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/bootstrap/keyfile"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// masterKey is the configured master key, and the settings that name it and let us in where it is.
type masterKey struct {
	ports.MasterKey

	setting   string
	admission string
	options   datakey.KeeperOptions
	made      string // the file, where this start made the key
}

// provideMasterKey also knows the local key that may have wrapped the data keys before a key management service did.
func provideMasterKey(cfg *config.Config, log *slog.Logger) (masterKey, func(), error) {
	nothing := func() {}
	if cfg.LocalMasterKey() {
		master, err := localMasterKey(cfg, log)
		return master, nothing, err
	}
	master, closeMaster := masterKey{setting: "vault.url", admission: "vault.token"}, nothing
	var err error
	if cfg.PKCS11MasterKey() {
		master.admission = "vault.pin"
		var token *pkcs11.Master
		if token, err = pkcs11.New(pkcs11.Options{URI: cfg.Vault.URL, PIN: cfg.Vault.PIN}); err == nil {
			master.MasterKey, closeMaster = token, token.Close
		}
	} else {
		master.MasterKey, err = transit.New(transit.Options{URL: cfg.Vault.URL, Token: cfg.Vault.Token})
	}
	if err != nil {
		return masterKey{}, nil, config.Fault{Key: master.setting, Reason: err.Error()}
	}
	former, err := formerMasterKey(cfg)
	if err != nil {
		closeMaster()
		return masterKey{}, nil, err
	}
	master.options.Former = former
	return master, closeMaster, nil
}

// localMasterKey reads the configured one, or that of the data folder, which it makes where there is none.
func localMasterKey(cfg *config.Config, log *slog.Logger) (masterKey, error) {
	setting, text, made := "vault.keyset", cfg.Vault.Keyset, ""
	if text.IsZero() {
		setting = "data_dir"
		path, created := localKeyFile(cfg), false
		var err error
		if text, created, err = keyfile.ReadOrCreate(path, vault.Generate); err != nil {
			return masterKey{}, config.Fault{Key: setting, Reason: err.Error()}
		}
		if created {
			made = path
			log.Info("made a key; without it what is stored cannot be read", "file", path)
		}
	}
	local, err := vault.NewLocalMaster(text)
	if err != nil {
		return masterKey{}, config.Fault{Key: setting, Reason: err.Error()}
	}
	return masterKey{MasterKey: local, setting: "vault.keyset", made: made, options: datakey.KeeperOptions{Seed: local.Seed}}, nil
}

func localKeyFile(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "keys", "vault.json") }

// formerMasterKey is the local one, where it is still there.
func formerMasterKey(cfg *config.Config) ([]ports.MasterKey, error) {
	text := cfg.Vault.Keyset
	if text.IsZero() {
		none := func() (domain.Secret, error) { return domain.Secret{}, fs.ErrNotExist }
		var err error
		if text, _, err = keyfile.ReadOrCreate(localKeyFile(cfg), none); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		} else if err != nil {
			return nil, config.Fault{Key: "data_dir", Reason: err.Error()}
		}
	}
	local, err := vault.NewLocalMaster(text)
	if err != nil {
		return nil, config.Fault{Key: "vault.keyset", Reason: err.Error()}
	}
	return []ports.MasterKey{local}, nil
}

func provideVault(now ports.Clock) *vault.Vault { return vault.New(now) }

// provideDataKeys loads the keys before anything can want to read or write what is encrypted.
func provideDataKeys(
	ctx context.Context, db *sqlstore.DB, store ports.DataKeyStore, ring *vault.Vault, master masterKey, now ports.Clock,
	log *slog.Logger,
) (*datakey.Keeper, error) {
	keeper := datakey.NewKeeper(store, ring, master.MasterKey, master.options, now, log)
	err := patiently(ctx, log, master.setting, func() error { return keeper.Load(ctx) })
	if err == nil {
		err = db.CheckKeys(ctx)
	}
	switch {
	case (errors.Is(err, sqlstore.ErrForeignKeys) || errors.Is(err, datakey.ErrForeignKeys)) && master.made != "":
		return nil, keyGone(master.made)
	case errors.Is(err, sqlstore.ErrForeignKeys), errors.Is(err, datakey.ErrForeignKeys):
		return nil, config.Fault{Key: master.setting, Reason: "is not the one this database was written with; without that one " +
			"nobody is recognised. Set it, or put back its file in data_dir"}
	case errors.Is(err, ports.ErrNotAdmitted):
		return nil, config.Fault{Key: master.admission, Reason: err.Error()}
	case err != nil:
		return nil, fmt.Errorf("%s: %w", master.setting, err)
	}
	return keeper, nil
}

// keyGone takes the key away again that was made in the place of one that is missing: it would be taken for that one, and backed up.
func keyGone(path string) error {
	reason := path + " is missing: the master key that this database was written with, and without which nobody is recognised. " +
		"Put it back from a backup, or set vault.keyset"
	if err := os.Remove(path); err != nil {
		reason += "; remove the one there, which was just made and opens nothing: " + err.Error()
	}
	return config.Fault{Key: "data_dir", Reason: reason}
}

func provideReencrypt(
	cfg *config.Config, keeper *datakey.Keeper, rows ports.SealedRows, now ports.Clock, newID ports.NewID, log *slog.Logger,
) *datakey.Reencrypt {
	return datakey.NewReencrypt(keeper, rows, datakey.ReencryptOptions{Keep: cfg.Session.MaxAge}, now, newID, log)
}

// note writes down in the audit log what the operator does to keys.
func (o *Operator) note(ctx context.Context, detail string) error {
	return o.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return tx.Audit().Append(ctx, domain.AuditEntry{ID: o.newID(), At: o.now(), Action: domain.AuditKeys, Detail: detail})
	})
}

// stamp is how commands print an instant.
func stamp(at time.Time) string { return at.Format(time.RFC3339) }
