package bootstrap

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"
)

// Words that systemd understands.
const (
	notifyReady    = "READY=1"
	notifyStopping = "STOPPING=1"
	notifyAlive    = "WATCHDOG=1"
)

// notifier tells systemd how the service is. The zero value, as outside of systemd, tells nobody.
type notifier struct {
	socket   string
	watchdog time.Duration // how often systemd wants a sign of life; 0 = never
}

func newNotifier(getenv func(string) string) notifier {
	n := notifier{socket: getenv("NOTIFY_SOCKET")}
	if n.socket == "" {
		return n
	}
	limit, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	mine := getenv("WATCHDOG_PID")
	if err == nil && limit > 0 && (mine == "" || mine == strconv.Itoa(os.Getpid())) {
		n.watchdog = time.Duration(limit) * time.Microsecond
	}
	return n
}

// tell does not report failures: whether the service serves does not hang on who watches it.
func (n notifier) tell(state string) {
	if n.socket == "" {
		return
	}
	// A leading @, as net understands it too, is a name that lies in no folder.
	connection, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer connection.Close()
	_, _ = connection.Write([]byte(state))
}

// keepAlive gives a sign of life twice in the time that systemd allows, as long as the service answers, until ctx ends. A
// service that hangs stays silent, and is started anew.
func (n notifier) keepAlive(ctx context.Context, answers func(context.Context) error) {
	if n.watchdog == 0 {
		return
	}
	every := time.NewTicker(n.watchdog / 2)
	defer every.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, n.watchdog/2)
		if answers(asking) == nil {
			n.tell(notifyAlive)
		}
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}
