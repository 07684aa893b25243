package bootstrap

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"github.com/menjin-id/menjin/adapters/wechat"
	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/domain"
)

// weChat is the client, and where the look-alike is.
type weChat struct {
	Client  *wechat.Client
	Sandbox sandboxURL
}

// sandboxURL is an address; empty when WeChat itself is used.
type sandboxURL string

// provideWeChat makes the client, and starts the look-alike before where it is wanted.
func provideWeChat(cfg *config.Config, log *slog.Logger) (weChat, func(), error) {
	base, stop, sandbox := cfg.WeChat.BaseURL, func() {}, sandboxURL("")
	if cfg.SandboxWanted() {
		listener, err := listen("wechat.sandbox_addr", cfg.WeChat.SandboxAddr)
		if err != nil {
			return weChat{}, nil, err
		}
		base, stop = "http://"+reachable(listener.Addr().String()), startSandbox(listener, cfg, log)
		sandbox = sandboxURL(base)
	}
	client, err := wechat.New(wechat.Options{BaseURL: base, Timeout: cfg.WeChat.Timeout, Apps: weChatApps(cfg), Logger: log})
	if err != nil {
		stop()
		return weChat{}, nil, fmt.Errorf("wechat: %w", err)
	}
	return weChat{client, sandbox}, func() { client.Close(); stop() }, nil
}

func weChatApps(cfg *config.Config) []wechat.App {
	apps := make([]wechat.App, len(cfg.WeChat.Apps))
	for i, app := range cfg.WeChat.Apps {
		apps[i] = wechat.App{ID: app.ID, Secret: app.Secret}
	}
	return apps
}

func provideAppIDs(cfg *config.Config) []domain.AppID {
	ids := make([]domain.AppID, len(cfg.WeChat.Apps))
	for i, app := range cfg.WeChat.Apps {
		ids[i] = app.ID
	}
	return ids
}

func newSandbox(cfg *config.Config) *wechatsandbox.Server {
	apps := make([]wechatsandbox.App, len(cfg.WeChat.Apps))
	for i, app := range cfg.WeChat.Apps {
		apps[i] = wechatsandbox.App{AppID: string(app.ID), Secret: wechatsandbox.Secret(app.Secret.Reveal())}
	}
	return wechatsandbox.New(wechatsandbox.Options{Apps: apps})
}

// startSandbox serves the look-alike until stop is called, which waits for it.
func startSandbox(listener net.Listener, cfg *config.Config, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := newSandbox(cfg).Serve(ctx, listener); err != nil {
			log.Error("the WeChat look-alike stopped", "error", err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// listen says which key to change when an address is taken.
func listen(key, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, config.Fault{Key: key, Reason: fmt.Sprintf("cannot listen: %v; set another address with %s", err, config.EnvName(key))}
	}
	return listener, nil
}
