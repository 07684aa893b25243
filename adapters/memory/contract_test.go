package memory_test

import (
	"fmt"
	"testing"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	portstest.Store(t, func(_ *testing.T, options portstest.StoreOptions) portstest.StoreParts {
		store := memory.NewStore(options.Codec, options.OnCommit, memory.StoreOptions{Shards: options.Shards})
		return portstest.StoreParts{
			Users: store, Finder: store, Browser: store, Tx: store, Audit: store, AuditArchive: store.AuditArchive(),
			InboxArchive: store.InboxArchive(), Deletions: store,
			Queue: store, Ledger: store, Archive: store, History: store, Eraser: store,
			Monitor: store, Letters: store, Switch: store, Sent: store, Replays: store, ReplayArchive: store.ReplayArchive(),
		}
	})
}

func openSessions(_ *testing.T, limits domain.SessionLimits) portstest.SessionsParts {
	store := memory.NewSessions(limits)
	return portstest.SessionsParts{Store: store, Refresher: store, Lister: store, Keys: store, Archive: store}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	portstest.Sessions(t, openSessions)
}

func TestRefreshModel(t *testing.T) {
	t.Parallel()
	portstest.RefreshModel(t, openSessions)
}

func TestRefreshLinearizable(t *testing.T) {
	t.Parallel()
	portstest.RefreshLinearizable(t, openSessions)
}

func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	portstest.RefreshTokens(t, func(*testing.T) ports.RefreshTokens { return memory.NewRefreshTokens() })
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	portstest.Passwords(t, func(*testing.T) portstest.PasswordsParts {
		return portstest.PasswordsParts{Hasher: memory.NewPasswordHasher(2), Weaker: memory.NewPasswordHasher(1)}
	})
}

func TestRateLimiter(t *testing.T) {
	t.Parallel()
	portstest.RateLimiter(t, func(*testing.T) portstest.LimiterParts {
		return portstest.LimiterParts{Limiter: memory.NewLimiter()}
	})
}

func TestAttemptCounter(t *testing.T) {
	t.Parallel()
	portstest.AttemptCounter(t, func(*testing.T) portstest.AttemptsParts {
		return portstest.AttemptsParts{Counter: memory.NewAttempts()}
	})
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	portstest.SigningKeys(t, func(*testing.T) ports.SigningKeys { return memory.NewSigningKeys() })
}

func storedIn(stream *memory.EventStream) (ids []domain.EventID) {
	for _, message := range stream.Messages() {
		ids = append(ids, message.ID)
	}
	return ids
}

func TestEventStream(t *testing.T) {
	t.Parallel()
	portstest.EventStream(t, func(*testing.T) portstest.EventStreamParts {
		stream := memory.NewEventStream()
		return portstest.EventStreamParts{
			Stream: stream,
			Stored: func(*testing.T) []domain.EventID { return storedIn(stream) },
			Spoil:  func(message *ports.Message) { stream.Reject(message.ID) },
		}
	})
}

func TestStreamEraser(t *testing.T) {
	t.Parallel()
	portstest.StreamEraser(t, func(*testing.T) portstest.StreamEraserParts {
		stream := memory.NewEventStream()
		parts := portstest.EventStreamParts{Stream: stream, Stored: func(*testing.T) []domain.EventID { return storedIn(stream) }}
		return portstest.StreamEraserParts{EventStreamParts: parts, Eraser: stream}
	})
}

func TestEventReplayer(t *testing.T) {
	t.Parallel()
	portstest.EventReplayer(t, func(*testing.T) portstest.EventReplayerParts {
		stream := memory.NewEventStream()
		return portstest.EventReplayerParts{
			EventStreamParts: portstest.EventStreamParts{
				Stream: stream, Spoil: func(message *ports.Message) { stream.Reject(message.ID) },
			},
			Replayer: stream, Held: func(*testing.T) []ports.Message { return stream.Messages() },
			Hear: func(*testing.T) func(*testing.T, int) []ports.Message {
				return func(*testing.T, int) []ports.Message { return stream.Beside() }
			},
		}
	})
}

func TestStreamReader(t *testing.T) {
	t.Parallel()
	portstest.StreamReader(t, func(*testing.T) portstest.StreamReaderParts {
		stream := memory.NewEventStream()
		return portstest.StreamReaderParts{EventStreamParts: portstest.EventStreamParts{Stream: stream}, Reader: stream, Replayer: stream}
	})
}

func TestSharedTokens(t *testing.T) {
	t.Parallel()
	portstest.SharedTokens(t, func(*testing.T) portstest.SharedTokensParts {
		return portstest.SharedTokensParts{Tokens: memory.NewSharedTokens()}
	})
}

func TestEventCodec(t *testing.T) {
	t.Parallel()
	portstest.EventCodec(t, func(*testing.T) ports.EventCodec { return memory.EventCodec{} })
}

func TestCipher(t *testing.T) {
	t.Parallel()
	portstest.Cipher(t, func(*testing.T) ports.Cipher { return memory.NewCipher() })
}

func TestTokens(t *testing.T) {
	t.Parallel()
	portstest.Tokens(t, func(*testing.T) portstest.TokensParts {
		tokens := memory.NewTokens()
		return portstest.TokensParts{Issuer: tokens, Verifier: tokens}
	})
}

func TestWeChat(t *testing.T) {
	t.Parallel()
	const app = "wx0123456789abcdef"
	portstest.WeChat(t, func(*testing.T) portstest.WeChatParts {
		wechat := memory.NewWeChat(app)
		person := ports.WeChatLogin{
			OpenID:     domain.OpenID{Secret: domain.NewSecret("o-1")},
			SessionKey: domain.SessionKey{Secret: domain.NewSecret("tiihtNczf5v6AKRyjwEUhQ==")},
		}
		granted := 0
		return portstest.WeChatParts{WeChat: wechat, App: app, Code: func(*testing.T) domain.Secret {
			granted++
			code := fmt.Sprintf("code-%d", granted)
			wechat.Grant(code, person)
			return domain.NewSecret(code)
		}}
	})
}

func TestSessionFeed(t *testing.T) {
	t.Parallel()
	portstest.SessionFeed(t, func(*testing.T) portstest.SessionFeedParts {
		feed := memory.NewSessionFeed()
		return portstest.SessionFeedParts{
			Feed: feed, Publish: func(_ *testing.T, notice ports.SessionNotice) { feed.Publish(notice) },
		}
	})
}

func TestRelayHints(t *testing.T) {
	t.Parallel()
	portstest.RelayHints(t, func(*testing.T) (one, other ports.RelayHints) { return memory.NewRelayHints() })
}
