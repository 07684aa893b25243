package floor

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
)

const appID = "wx0123456789abcdef"

type loginResult struct {
	Token            string `json:"token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshToken     string `json:"refresh_token"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
	SessionID        string `json:"session_id"`
	IsNewUser        bool   `json:"is_new_user"`
	User             *user  `json:"user"`
}

// login is POST /api/login: the call to WeChat, one read, for somebody new one batch, one command to Redis, a signature.
func (p *program) login(c echo.Context) error {
	var wish struct {
		Code string `json:"code"`
	}
	if err := json.NewDecoder(c.Request().Body).Decode(&wish); err != nil {
		return err
	}
	ctx := c.Request().Context()
	openID, err := p.openID(ctx, wish.Code)
	if err != nil {
		return err
	}
	now := time.Now()
	index := sha256.Sum256([]byte(openID))
	found, err := p.read(ctx, columns+" WHERE i.provider = 'wechat' AND i.app_id = $1 AND i.openid_index = $2", appID, index[:])
	isNew := errors.Is(err, pgx.ErrNoRows)
	if isNew {
		found, err = p.register(ctx, openID, index[:], now)
	}
	if err != nil {
		return err
	}
	session := newID().String()
	if err := p.redis.Set(ctx, sessionKey(found.ID, session), now.UnixMicro(), idle).Err(); err != nil {
		return err
	}
	token, err := p.sign(found.ID, session, now)
	if err != nil {
		return err
	}
	var refresh [64]byte
	_, _ = rand.Read(refresh[:]) // it does not fail
	return c.JSON(http.StatusOK, envelope{http.StatusOK, "登录成功", loginResult{
		Token: token, TokenType: "Bearer", ExpiresIn: 7200,
		RefreshToken: base64.RawURLEncoding.EncodeToString(refresh[:]), RefreshExpiresIn: 2592000,
		SessionID: session, IsNewUser: isNew, User: found,
	}, fixedRequestID})
}

func (p *program) openID(ctx context.Context, code string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.exchange+url.QueryEscape(code), http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := p.wechat.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var said struct {
		OpenID string `json:"openid"`
	}
	err = json.NewDecoder(response.Body).Decode(&said)
	return said.OpenID, err
}

const (
	insertUser = `INSERT INTO users (id, nickname, avatar_url, status, version, created_at, updated_at)
VALUES ($1, '', '', 1, 1, $2, $2)`
	insertIdentity = `INSERT INTO identities (user_id, id, provider, app_id, openid_sealed, openid_index, linked_at)
VALUES ($1, $2, 'wechat', $3, $4, $5, $6)`
	insertEvent = `WITH event AS (
	INSERT INTO outbox_events (event_id, type, schema_version, aggregate_id, aggregate_version, shard, subject, occurred_at, data, headers)
	VALUES ($1, 'menjin.user.registered.v1', 1, $2, 1, 0, $3, $4, $5, '{}') RETURNING shard, id)
INSERT INTO outbox_pending (shard, id) SELECT shard, id FROM event`
)

// register sends one batch, which PostgreSQL runs as one transaction.
func (p *program) register(ctx context.Context, openID string, index []byte, now time.Time) (*user, error) {
	id := newID().String()
	data, err := json.Marshal(map[string]any{"user_id": id, "method": "wechat", "app_id": appID, "registered_at": now})
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	batch.Queue(insertUser, id, now)
	batch.Queue(insertIdentity, id, newID().String(), appID, []byte(openID), index, now)
	batch.Queue(insertEvent, newID().String(), id, "menjin.user.registered."+id, now, string(data))
	if err := p.database.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	return &user{
		ID: id, Roles: []string{"user"}, Status: 1, CreatedAt: now, UpdatedAt: now, WeChat: []link{{appID, now}},
	}, nil
}
