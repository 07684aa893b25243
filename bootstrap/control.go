package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/menjin-id/menjin/adapters/natsbus"
)

const (
	controlSocket = "menjin.sock"
	// spoolPrefix begins the name of a folder in data_dir in which a backup is gathered.
	spoolPrefix = "backup-"
	maxAnswer   = 4 << 10
)

// serveControl lets a command of the same account ask the service for what only it can do: copy the streams of the server
// that it embeds. A folder whose path is too long for a socket only costs that. The function returned ends it.
func serveControl(folder dataFolder, server *natsbus.Embedded, log *slog.Logger) (stop func()) {
	path := filepath.Join(string(folder), controlSocket)
	_ = os.Remove(path) // of a process that was killed: the folder's lock is ours
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		log.Warn("no backups while the service runs", "error", err)
		return func() {}
	}
	control := &http.Server{Handler: snapshotHandler(folder, server), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = control.Serve(listener) // ends with Close
	}()
	return func() {
		_ = control.Close()
		<-done
	}
}

// snapshotHandler copies the streams into a folder of the data folder that the command has made.
func snapshotHandler(folder dataFolder, server *natsbus.Embedded) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /snapshot", func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Query().Get("folder")
		into := filepath.Join(string(folder), filepath.Base(name))
		info, err := os.Lstat(into) //nolint:gosec // one step down, and nothing is read
		if !strings.HasPrefix(name, spoolPrefix) || filepath.Base(name) != name || err != nil || !info.IsDir() {
			http.Error(w, "no folder of a backup", http.StatusBadRequest)
			return
		}
		if err := server.Snapshot(r.Context(), filepath.Join(into, streamsFolder)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return mux
}

// askSnapshot asks the service that holds the folder.
func askSnapshot(ctx context.Context, folder, spool string) error {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(folder, controlSocket))
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://menjin/snapshot?folder="+filepath.Base(spool), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("ask the running service for its streams: %w; stop it for the backup if it cannot answer", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // what there is of it
	return errors.New("ask the running service for its streams: " + strings.TrimSpace(string(text)))
}
