package httpapi_test

import (
	"log/slog"
	"time"

	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// backing is what stands behind the use cases of a test.
type backing struct {
	reader   ports.UserReader
	store    userStore
	sessions sessionStore
	issuer   ports.TokenIssuer
	verifier ports.TokenVerifier
	wechat   ports.WeChat
	phones   ports.WeChatPhones
	keys     ports.WeChatSessionKeys
	data     ports.WeChatData
	now      ports.Clock
	options  signin.Options
}

type userStore interface {
	ports.UserFinder
	ports.UserBrowser
	ports.Transactor
	ports.AuditReader
	ports.DeletionQueue
	ports.EventHistory
	ports.OutboxMonitor
	ports.DeadLetters
	ports.OutboxSwitch
	ports.ReplayQueue
}

type sessionStore interface {
	ports.SessionStore
	ports.SessionRefresher
	ports.SessionLister
	ports.SessionKeyReader
}

func (b backing) useCases() httpapi.UseCases {
	apps := []domain.AppID{app}
	attempts, limiter := memory.NewAttempts(), memory.NewLimiter()
	hasher, refresh := memory.NewPasswordHasher(1), memory.NewRefreshTokens()
	users := update.New(b.store, b.now, newID)
	ender := session.NewEnder(users, b.sessions)
	check := session.NewCheck(b.verifier, b.sessions, b.now)
	opener := signin.NewOpener(b.reader, users, b.sessions, ender, b.issuer, refresh, b.now, newID, random, b.options,
		slog.New(slog.DiscardHandler))
	creator := signin.NewCreator(b.store, hasher, b.store, users, newID)
	list := session.NewList(b.sessions, b.now)
	merger := account.NewMerger(b.store, users, ender)
	shown := admin.NewUsers(b.reader, b.store)
	links := personal.NewLinks(b.reader, b.sessions, b.now, apps)
	seals := personal.NewSeals(b.sessions, b.keys, b.data, b.now)
	reset := personal.NewKeyReset(b.reader, b.sessions, b.keys, discardLogger)
	eraser := personal.NewEraser(b.store, b.store, b.store, b.reader, b.store, users, ender, reset, b.now, random, discardLogger)
	return httpapi.UseCases{
		SignInWithWeChat:   signin.NewWeChat(b.wechat, b.reader, b.store, b.store, users, opener, b.now, newID, apps),
		SignInWithPassword: signin.NewPassword(b.store, hasher, attempts, limiter, b.sessions, users, opener, b.now),
		Register:           signin.NewRegister(creator, opener),
		CheckSession:       check,
		Refresh: session.NewRefresh(refresh, b.sessions, b.sessions, b.reader, b.issuer, ender, b.now, newID,
			session.AccessTTL(2*time.Hour)),
		Logout:         session.NewLogout(ender),
		LogoutAll:      session.NewLogoutAll(ender),
		ListSessions:   list,
		EndSession:     session.NewEndOwn(list, ender),
		ShowAccount:    account.NewShow(b.reader),
		ChangeProfile:  account.NewChangeProfile(users),
		ChangePassword: account.NewChangePassword(b.reader, hasher, attempts, users, ender, b.now),
		LinkWeChat:     account.NewLinkWeChat(b.wechat, users, apps),
		UnlinkWeChat:   account.NewUnlinkWeChat(users),
		Merge:          account.NewMerge(check, merger),
		BindPhone:      personal.NewBindPhone(links, b.phones, seals, users),
		UnbindPhone:    personal.NewUnbindPhone(users),
		TakeProfile:    personal.NewTakeProfile(links, seals, users),
		Export:         personal.NewExport(users, b.sessions, b.store, b.store, limiter, b.now),
		Delete:         personal.NewDelete(users, ender, eraser, 0),
		Admin: httpapi.Administration{
			Users:    shown,
			Lock:     admin.NewLock(users, ender),
			Roles:    admin.NewRoles(users, b.sessions),
			Sessions: admin.NewSessions(shown, list, ender),
			Merge:    admin.NewMerge(merger),
			Audit:    admin.NewAudit(b.store),
			Outbox:   admin.NewOutbox(b.store, b.store, b.store, b.store, b.now, newID),
		},
	}
}
