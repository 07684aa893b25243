package storm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/chaos/part"
	"github.com/menjin-id/menjin/chaos/stage"
	"github.com/menjin-id/menjin/internal/testserver"
)

var errAtWork = errors.New("they are at work")

// whole is one process with SQLite, NATS, relay and writers in it.
type whole struct {
	settings *Settings
	process  *stage.Child
	store    *stage.Store
	part     part.EmbeddedSettings
}

func newEmbedded(s *stage.Stage, settings *Settings) (*whole, error) {
	folder, err := s.Folder("files")
	if err != nil {
		return nil, err
	}
	port, err := testserver.FreePort()
	if err != nil {
		return nil, err
	}
	t := &whole{settings: settings, store: stage.NewStore(filepath.Join(folder, "nats"))}
	t.part = part.EmbeddedSettings{
		Database: filepath.Join(folder, "menjin.db"), Store: t.store.Folder, Addr: "127.0.0.1:" + strconv.Itoa(port),
		KeyFile: filepath.Join(folder, "key"), Book: filepath.Join(folder, "book"), Finish: filepath.Join(folder, "finish"),
		Gap: settings.gap(), Unsafe: settings.Unsafe, Writers: settings.writers(),
	}
	if err := part.WriteKey(t.part.KeyFile); err != nil {
		return nil, err
	}
	if t.process, err = s.Child("whole", part.Embedded, t.part); err != nil {
		return nil, err
	}
	return t, t.process.Start()
}

func (t *whole) name() string { return "SQLite and embedded NATS" }

func (t *whole) faults(d *director) []fault {
	up := t.process.Up
	back := func() remedy {
		return remedy{d.between(0, time.Second), func(context.Context) error { return t.process.Start() }}
	}
	return []fault{
		{KillRelay, 4, up, func(context.Context) (remedy, error) {
			t.process.Kill()
			return back(), nil
		}},
		{OlderNATS, 4, up, func(context.Context) (remedy, error) {
			t.process.Kill()
			change := t.store.Copy
			if t.store.HasCopy() {
				change = t.store.Restore
				d.played[OlderNATS+" (restored)"]++
			}
			return back(), change()
		}},
	}
}

func (t *whole) leftOut() []string { return nil }

// stopWriting asks the process, which takes the question away when it has stopped.
func (t *whole) stopWriting() error {
	if err := os.WriteFile(t.part.Finish, nil, 0o600); err != nil {
		return err
	}
	err := stage.Until(context.Background(), "the writers have stopped", func() error {
		if _, err := os.Stat(t.part.Finish); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(errAtWork, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w; the process says: %s", err, t.process.Log())
	}
	return nil
}

// committed counts nothing while the process runs: it would have to be asked, and may be dead.
func (t *whole) committed() int64 {
	database, err := t.database()
	if err != nil {
		return 0
	}
	defer database.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	changes, _ := database.Changes(ctx) // it is but a line of progress
	return changes
}

func (t *whole) database() (*book.Database, error) { return book.OpenDatabase(t.part.Database) }

func (t *whole) stream() string { return "nats://" + t.part.Addr }

func (t *whole) book() string { return t.part.Book }
