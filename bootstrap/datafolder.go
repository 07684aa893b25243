package bootstrap

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/menjin-id/menjin/bootstrap/config"
)

// What lies in the folder besides the database.
const (
	lockName   = "menjin.lock"
	natsFolder = "nats"
)

// dataFolder is the configured folder, made and, where embedded parts live in it, held by this process alone.
type dataFolder string

// errInUse says that another process holds a lock.
var errInUse = errors.New("another process holds the lock")

// folderInUse is the fault of a folder that another process holds.
type folderInUse struct{ config.Fault }

func (e folderInUse) Unwrap() error { return e.Fault }

// provideDataFolder comes after the addresses: a start that fails for one of them leaves nothing behind.
func provideDataFolder(cfg *config.Config, _ net.Listener, _ sandboxURL) (dataFolder, func(), error) {
	return holdDataFolder(cfg)
}

func holdDataFolder(cfg *config.Config) (dataFolder, func(), error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return "", nil, config.Fault{Key: "data_dir", Reason: err.Error()}
	}
	if !cfg.EmbeddedDatabase() && !cfg.EmbeddedEvents() {
		return dataFolder(cfg.DataDir), func() {}, nil
	}
	lock, err := os.OpenFile(filepath.Join(cfg.DataDir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", nil, config.Fault{Key: "data_dir", Reason: err.Error()}
	}
	err = lockFile(lock)
	if errors.Is(err, errInUse) {
		err = folderInUse{config.Fault{Key: "data_dir", Reason: fmt.Sprintf(
			"%s is in use by another process; stop that one, or choose another folder", cfg.DataDir)}}
	} else if err != nil {
		err = config.Fault{Key: "data_dir", Reason: fmt.Sprintf("lock %s: %v", lock.Name(), err)}
	}
	if err != nil {
		_ = lock.Close()
		return "", nil, err
	}
	return dataFolder(cfg.DataDir), func() { _ = lock.Close() }, nil
}

// provideSharedFolder is the folder for a command that works beside the service: the database bears both.
func provideSharedFolder(cfg *config.Config) (dataFolder, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return "", config.Fault{Key: "data_dir", Reason: err.Error()}
	}
	return dataFolder(cfg.DataDir), nil
}
