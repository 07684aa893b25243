// Package part is what the chaos harness becomes in the processes it starts and kills: a NATS server, a relay, or everything
// that has to be in one process with SQLite. One binary plays all of them, so that nothing has to be built or installed, and
// nothing of what harming needs is in the service.
package part

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natsmesh"
)

// Mark is the first argument of a child.
const Mark = "chaos-child"

// PIDFile is written into a child's working folder when it begins to work.
const PIDFile = "pid"

// AtWorkFile is written beside it by a relay that has its connections.
const AtWorkFile = "at-work"

// The parts, by which their settings go.
const (
	NATS     = "nats"
	Member   = "member" // a NATS server of a cluster
	Relay    = "relay"
	Embedded = "embedded"
)

var errArguments = errors.New("this is for the chaos program's own use")

// Main plays a part and returns the exit status.
func Main(args []string) int {
	if err := play(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func play(args []string) error {
	if len(args) != 2 {
		return errArguments
	}
	switch args[0] {
	case NATS:
		return with(args[1], serveNATS)
	case Member:
		return with(args[1], func(s natsmesh.Settings) error { return s.Serve(begin) })
	case Relay:
		return with(args[1], relay)
	case Embedded:
		return with(args[1], embedded)
	default:
		return errArguments
	}
}

func with[S any](text string, run func(S) error) error {
	var settings S
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return errArguments
	}
	return run(settings)
}

// begin tells the harness which process this is.
func begin() error {
	// Renamed, so that nobody reads half a number.
	if err := os.WriteFile(PIDFile+".new", []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return err
	}
	return os.Rename(PIDFile+".new", PIDFile)
}

func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// WriteKey keeps a new key for the database in a file.
func WriteKey(path string) error {
	key, err := vault.Generate()
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(key.Reveal()), 0o600)
}

// ReadKey makes the cipher of a key that WriteKey kept.
func ReadKey(path string) (*vault.Vault, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return vault.Parse(domain.NewSecret(string(text)))
}
