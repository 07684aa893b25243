package bootstrap

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestWatchdogIsOnlyOfTheProcessItNames(t *testing.T) {
	t.Parallel()
	self := strconv.Itoa(os.Getpid())
	for name, c := range map[string]struct {
		socket, limit, pid string
		want               time.Duration
	}{
		"ours":             {"/run/notify", "30000000", self, 30 * time.Second},
		"of no one's name": {"/run/notify", "30000000", "", 30 * time.Second},
		"another's":        {"/run/notify", "30000000", "1", 0},
		"off":              {"/run/notify", "", "", 0},
		"not a number":     {"/run/notify", "soon", "", 0},
		"negative":         {"/run/notify", "-1", "", 0},
		"without systemd":  {"", "30000000", self, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := map[string]string{"NOTIFY_SOCKET": c.socket, "WATCHDOG_USEC": c.limit, "WATCHDOG_PID": c.pid}
			if got := newNotifier(func(name string) string { return environment[name] }).watchdog; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestServiceThatDoesNotAnswerGivesNoSignOfLife(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "notify")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	ctx, stop := context.WithCancel(t.Context())
	asked := 0
	notifier{socket: socket, watchdog: 2 * time.Millisecond}.keepAlive(ctx, func(context.Context) error {
		if asked++; asked == 5 {
			stop()
		}
		return errors.New("no answer")
	})
	notifier{socket: socket}.tell(notifyStopping)
	message := make([]byte, 64)
	if n, err := systemd.Read(message); err != nil || string(message[:n]) != notifyStopping {
		t.Errorf("first told systemd %q (%v), want %q", message[:n], err, notifyStopping)
	}
}
