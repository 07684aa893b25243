package bootstrap

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"github.com/menjin-id/menjin/adapters/wechat"
	"github.com/menjin-id/menjin/adapters/wechatpush"
	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/application/push"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// sandboxURL is where the look-alike is; empty when WeChat itself is used.
type sandboxURL string

// provideSandbox starts the look-alike where it is wanted.
func provideSandbox(cfg *config.Config, log *slog.Logger) (sandboxURL, func(), error) {
	if !cfg.SandboxWanted() {
		return "", func() {}, nil
	}
	listener, err := listen("wechat.sandbox_addr", cfg.WeChat.SandboxAddr)
	if err != nil {
		return "", nil, err
	}
	return sandboxURL("http://" + reachable(listener.Addr().String())), startSandbox(listener, cfg, log), nil
}

func provideWeChat(
	cfg *config.Config, log *slog.Logger, sandbox sandboxURL, sessions sessions, now ports.Clock, traces traces,
) (*wechat.Client, func(), error) {
	base := cfg.WeChat.BaseURL
	if sandbox != "" {
		base = string(sandbox)
	}
	client, err := wechat.New(wechat.Options{
		BaseURL: base, Timeout: cfg.WeChat.Timeout, Apps: weChatApps(cfg), SharedTokens: sessions.Tokens,
		WatermarkMaxAge: cfg.WeChat.WatermarkMaxAge, Clock: now, Logger: log, Tracer: traces.Tracer,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("wechat: %w", err)
	}
	return client, client.Close, nil
}

func weChatApps(cfg *config.Config) []wechat.App {
	apps := make([]wechat.App, len(cfg.WeChat.Apps))
	for i, app := range cfg.WeChat.Apps {
		apps[i] = wechat.App{ID: app.ID, Secret: app.Secret}
	}
	return apps
}

// providePush takes what WeChat pushes to the mini-programs that have a token for it.
func providePush(cfg *config.Config, take *push.Take, now ports.Clock, log *slog.Logger) (*wechatpush.Handler, error) {
	var apps []wechatpush.App
	for _, app := range cfg.WeChat.Apps {
		if !app.PushToken.IsZero() {
			apps = append(apps, wechatpush.App{ID: app.ID, Token: app.PushToken, AESKey: app.PushAESKey})
		}
	}
	handler, err := wechatpush.New(take, apps, now, log)
	if err != nil {
		return nil, fmt.Errorf("wechat.push_token: %w", err)
	}
	return handler, nil
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
