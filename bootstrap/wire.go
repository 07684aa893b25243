//go:build wireinject

package bootstrap

import (
	"context"
	"log/slog"

	"github.com/google/wire"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/adapters/wechat"
	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

var environmentSet = wire.NewSet(provideClock, provideNewID, provideRandom, provideDataFolder)

var keySet = wire.NewSet(
	provideVault, wire.Bind(new(ports.Cipher), new(*vault.Vault)),
	provideTokenKeys, provideIssuer, provideVerifier,
	wire.Bind(new(ports.TokenIssuer), new(*tokens.Issuer)),
	wire.Bind(new(ports.TokenVerifier), new(*tokens.Verifier)),
)

var databaseSet = wire.NewSet(
	provideDatabase, provideUsers, provideOutbox,
	cloudevent.New, wire.Bind(new(ports.EventCodec), new(*cloudevent.Codec)),
	wire.Bind(new(ports.Transactor), new(*sqlstore.DB)),
	wire.Bind(new(ports.UserReader), new(*sqlstore.Users)),
	wire.Bind(new(ports.OutboxQueue), new(*sqlstore.Outbox)),
	wire.Bind(new(ports.OutboxLedger), new(*sqlstore.Outbox)),
)

var sessionSet = wire.NewSet(provideSessions, wire.FieldsOf(new(sessions), "Store"))

var eventSet = wire.NewSet(
	provideEvents, wire.FieldsOf(new(events), "Bus", "Source"),
	wire.Bind(new(ports.EventStream), new(*natsbus.Bus)),
	wire.Bind(new(ports.RelayHints), new(*natsbus.Bus)),
	wire.Bind(new(ports.RevocationFeed), new(*natsbus.Bus)),
)

var weChatSet = wire.NewSet(
	provideWeChat, wire.FieldsOf(new(weChat), "Client", "Sandbox"), provideAppIDs,
	wire.Bind(new(ports.WeChat), new(*wechat.Client)),
)

var useCaseSet = wire.NewSet(
	provideSignInOptions, signin.NewOpener, signin.NewWeChat,
	session.NewCheck, session.NewLogout, session.NewLogoutAll, session.NewFollowRevocations,
	account.NewShow,
	outbox.NewSignal, outbox.NewReconcile, outbox.NewRelay,
	provideSweep,
	wire.Struct(new(httpapi.UseCases), "*"),
)

// newApp builds every part. The function it returns closes them, the last made first.
func newApp(ctx context.Context, cfg *config.Config, log *slog.Logger) (*App, func(), error) {
	wire.Build(
		environmentSet, keySet, databaseSet, sessionSet, eventSet, weChatSet, useCaseSet,
		provideListener, provideAPI, wire.Struct(new(App), "*"),
	)
	return nil, nil, nil
}
