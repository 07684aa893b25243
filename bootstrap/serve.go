package bootstrap

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/menjin-id/menjin/bootstrap/config"
)

// serve runs the service until ctx ends.
func serve(ctx context.Context, options *globalOptions) error {
	start := time.Now()
	cfg, err := options.load()
	if err != nil {
		return err
	}
	log, closeLog := newServiceLogger(os.Stderr, cfg.Log)
	defer closeLog()
	slog.SetDefault(log) // for libraries that know of no other
	app, closeAll, err := newApp(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer closeAll()
	return app.runWatched(ctx, newNotifier(os.Getenv), func() {
		app.announce(os.Stdout, time.Since(start))
		forgetStart()
	})
}

// runWatched tells systemd, where it is there, when the service is ready, that it lives, and that it stops.
func (a *App) runWatched(ctx context.Context, n notifier, ready func()) error {
	told := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		defer close(told)
		n.tell(notifyStopping)
	})
	defer func() {
		switch { // the process may end when this returns
		case !forget():
			<-told
		case ctx.Err() != nil: // the context has ended, and had not come to call anybody
			n.tell(notifyStopping)
		}
	}()
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	return a.Run(ctx, func() {
		ready()
		n.tell(notifyReady)
		url := a.baseURL() + "/health/live"
		watch.Go(func() { n.keepAlive(alive, func(ctx context.Context) error { return askHealth(ctx, url) }) })
	})
}

// forgetStart gives memory back that only the start needed: the contract is read and the migrations are parsed, which takes
// more than serving does. What pools hold on to goes with the second collection.
func forgetStart() {
	runtime.GC()
	debug.FreeOSMemory()
}

// announce says that the service is ready: to people where everything is, to machines in one line of the log.
func (a *App) announce(out io.Writer, took time.Duration) {
	if a.cfg.Log.Format != "text" {
		a.log.Info("ready", "version", version(), "addr", a.listener.Addr().String(), "took_ms", took.Milliseconds())
		return
	}
	api := a.baseURL()
	fmt.Fprintf(out, "%s, profile %s, ready in %d ms\n\n", version(), a.cfg.Profile, took.Milliseconds())
	fmt.Fprintf(out, "  API      %s, documented at %s/docs\n", api, api)
	fmt.Fprintf(out, "  WeChat   %s\n", a.describeWeChat())
	fmt.Fprintf(out, "  events   %s\n", a.describeEvents())
	fmt.Fprintf(out, "  data     %s\n", a.cfg.DataDir)
	if a.cfg.SandboxWanted() {
		fmt.Fprintf(out, "\nSign in, as a mini-program does (the first line stands in for wx.login):\n\n")
		fmt.Fprintf(out, "  curl -s -X POST %s/_sandbox/codes |\n", a.sandbox)
		fmt.Fprintf(out, "  curl -s %s/api/login -H 'Content-Type: application/json' --data-binary @-\n", api)
		fmt.Fprintf(out, "\nSee every step, the event included: %s demo\n\n", strings.Join(commandName(), " "))
	}
}

func (a *App) baseURL() string {
	return localURL(a.cfg, a.listener.Addr().String())
}

// reachable turns the address of a listener on every interface into one that can be called.
func reachable(addr string) string {
	for _, everywhere := range []string{"[::]:", "0.0.0.0:", ":"} {
		if port, found := strings.CutPrefix(addr, everywhere); found {
			return "127.0.0.1:" + port
		}
	}
	return addr
}

func (a *App) describeWeChat() string {
	if a.cfg.SandboxWanted() {
		return "the look-alike at " + string(a.sandbox)
	}
	return a.cfg.WeChat.BaseURL
}

func (a *App) describeEvents() string {
	switch {
	case !a.cfg.EmbeddedEvents():
		return "at events.url, stream MENJIN_EVENTS"
	case a.source == "":
		return "embedded, not reachable from outside (events.embedded_addr is empty)"
	default:
		return string(a.source) + ", stream MENJIN_EVENTS"
	}
}

// commandName is how this program was started, as far as it is of use to show.
func commandName() []string {
	if strings.Contains(os.Args[0], "go-build") {
		return []string{"go", "run", "."}
	}
	return []string{os.Args[0]}
}

// loggedConfig is a configuration for a command that is not the service.
func loggedConfig(options *globalOptions) (*config.Config, *slog.Logger, error) {
	cfg, err := options.load()
	if err != nil {
		return nil, nil, err
	}
	return cfg, newLogger(os.Stderr, cfg.Log), nil
}
