//go:build wireinject

package bootstrap

import (
	"context"
	"log/slog"

	"github.com/google/wire"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/passwords"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/adapters/wechat"
	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/application/push"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

var environmentSet = wire.NewSet(provideClock, provideNewID, provideRandom)

var keySet = wire.NewSet(
	provideMasterKey, provideVault, provideDataKeys, wire.Bind(new(ports.Cipher), new(*vault.Vault)),
	provideRing, provideIssuer, provideVerifier, provideKeeper, tokens.NewRefreshTokens,
	wire.Bind(new(ports.TokenIssuer), new(*tokens.Issuer)),
	wire.Bind(new(ports.TokenVerifier), new(*tokens.Verifier)),
	wire.Bind(new(ports.RefreshTokens), new(*tokens.RefreshTokens)),
	passwords.NewHasher, wire.Bind(new(ports.PasswordHasher), new(*passwords.Hasher)),
)

var databaseSet = wire.NewSet(
	provideDatabase, provideOutbox,
	sqlstore.NewUsers, sqlstore.NewAudit, sqlstore.NewSigningKeys, sqlstore.NewDataKeys, sqlstore.NewSealedRows, sqlstore.NewInbox,
	sqlstore.NewReplays,
	cloudevent.New, wire.Bind(new(ports.EventCodec), new(*cloudevent.Codec)),
	wire.Bind(new(ports.Transactor), new(*sqlstore.DB)),
	wire.Bind(new(ports.UserReader), new(*sqlstore.Users)),
	wire.Bind(new(ports.UserFinder), new(*sqlstore.Users)),
	wire.Bind(new(ports.UserBrowser), new(*sqlstore.Users)),
	wire.Bind(new(ports.AuditReader), new(*sqlstore.Audit)),
	wire.Bind(new(ports.DeletionQueue), new(*sqlstore.Users)),
	wire.Bind(new(ports.SigningKeys), new(*sqlstore.SigningKeys)),
	wire.Bind(new(ports.DataKeyStore), new(*sqlstore.DataKeys)),
	wire.Bind(new(ports.SealedRows), new(*sqlstore.SealedRows)),
	wire.Bind(new(ports.OutboxQueue), new(*sqlstore.Outbox)),
	wire.Bind(new(ports.OutboxLedger), new(*sqlstore.Outbox)),
	wire.Bind(new(ports.EventHistory), new(*sqlstore.Outbox)),
	wire.Bind(new(ports.EventEraser), new(*sqlstore.Outbox)),
	wire.Bind(new(ports.OutboxMonitor), new(*sqlstore.Outbox)),
	wire.Bind(new(ports.DeadLetters), new(*sqlstore.Outbox)),
	wire.Bind(new(ports.OutboxSwitch), new(*sqlstore.Outbox)),
	wire.Bind(new(ports.ReplayQueue), new(*sqlstore.Outbox)),
	wire.Bind(new(ports.PublishedEvents), new(*sqlstore.Outbox)),
)

var sessionSet = wire.NewSet(
	provideSessions, wire.FieldsOf(new(sessions), "Store", "Refresher", "Lister", "Keys", "Limiter", "Attempts"),
)

var eventSet = wire.NewSet(
	provideEvents, wire.FieldsOf(new(events), "Bus", "Source"),
	wire.Bind(new(ports.EventStream), new(*natsbus.Bus)),
	wire.Bind(new(ports.RelayHints), new(*natsbus.Bus)),
	provideSessionFeed,
	wire.Bind(new(ports.StreamEraser), new(*natsbus.Bus)),
	wire.Bind(new(ports.EventReplayer), new(*natsbus.Bus)),
)

var weChatSet = wire.NewSet(
	provideSandbox, provideWeChat, provideAppIDs,
	wire.Bind(new(ports.WeChat), new(*wechat.Client)),
	wire.Bind(new(ports.WeChatPhones), new(*wechat.Client)),
	wire.Bind(new(ports.WeChatSessionKeys), new(*wechat.Client)),
	wire.Bind(new(ports.WeChatData), new(*wechat.Client)),
)

// changeSet is what changes users and the outbox, for the service and the command line.
var changeSet = wire.NewSet(
	update.New, session.NewEnder, signin.NewCreator, admin.NewCreate, admin.NewLock, admin.NewRoles, admin.NewOutbox, outbox.NewSignal,
	provideReencrypt,
)

var personalSet = wire.NewSet(
	personal.NewLinks, personal.NewSeals, personal.NewBindPhone, personal.NewUnbindPhone, personal.NewTakeProfile, personal.NewExport,
	personal.NewKeyReset, personal.NewEraser, provideCoolingOff, personal.NewDelete,
	personal.NewForget, wire.Bind(new(session.Forgetter), new(*personal.Forget)),
	push.NewTake, wire.Bind(new(push.Eraser), new(*personal.Eraser)), providePush,
)

var useCaseSet = wire.NewSet(
	provideSignInOptions, signin.NewOpener, signin.NewWeChat, signin.NewPassword, signin.NewRegister,
	provideAccessTTL, session.NewCheck, session.NewLogout, session.NewLogoutAll, session.NewRefresh, session.NewList,
	session.NewEndOwn, session.NewFollow,
	account.NewShow, account.NewChangeProfile, account.NewChangePassword, account.NewLinkWeChat, account.NewUnlinkWeChat,
	account.NewMerger, account.NewMerge,
	admin.NewUsers, admin.NewSessions, admin.NewMerge, admin.NewAudit,
	outbox.NewReconcile, outbox.NewRelay, outbox.NewReplays,
	provideSweep,
	wire.Struct(new(httpapi.UseCases), "*"), wire.Struct(new(httpapi.Administration), "*"),
)

// newApp builds every part. The function it returns closes them, the last made first.
func newApp(ctx context.Context, cfg *config.Config, log *slog.Logger) (*App, func(), error) {
	wire.Build(
		environmentSet, provideTraces, wire.Value(besideService(false)), provideDataFolder, keySet, databaseSet, sessionSet, eventSet, weChatSet, changeSet,
		personalSet, useCaseSet,
		provideListener, provideCertificate, provideAPI, provideRegistry, provideExposition, wire.Struct(new(App), "*"),
	)
	return nil, nil, nil
}

// newOperator builds what the command line changes users, keys and the outbox with. It works beside a service that runs, which hears of
// what was done from the outbox and the session store.
func newOperator(ctx context.Context, cfg *config.Config, log *slog.Logger) (*Operator, func(), error) {
	wire.Build(
		environmentSet, wire.Value(traces{}), wire.Value(besideService(true)), provideSharedFolder, keySet, databaseSet, sessionSet, changeSet, wire.Struct(new(Operator), "*"),
	)
	return nil, nil, nil
}
