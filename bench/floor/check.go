package floor

import (
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

const bearer = "Bearer "

// claims are those of the service's tokens.
type claims struct {
	jwt.RegisteredClaims
	SessionID string   `json:"sid"`
	Roles     []string `json:"roles"`
}

// caller is what a token says.
type caller struct {
	user, session string
	expires       time.Time
}

// check is GET /api/auth/check: a token that was verified before, and one command to Redis.
func (p *program) check(c echo.Context) error {
	caller, err := p.authenticate(c)
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set("X-User-Id", caller.user)
	header.Set("X-Session-Id", caller.session)
	header.Set("X-User-Roles", "user")
	return c.NoContent(http.StatusNoContent)
}

func (p *program) authenticate(c echo.Context) (caller, error) {
	caller, err := p.verify(c.Request().Header.Get("Authorization")[len(bearer):])
	if err != nil || !time.Now().Before(caller.expires) {
		return caller, echo.ErrUnauthorized
	}
	return caller, p.redis.GetEx(c.Request().Context(), sessionKey(caller.user, caller.session), idle).Err()
}

// verify checks the signature of a token once.
func (p *program) verify(token string) (caller, error) {
	digest := sha256.Sum256([]byte(token))
	p.mu.RLock()
	known, found := p.proven[digest]
	p.mu.RUnlock()
	if found {
		return known, nil
	}
	said := &claims{}
	_, err := jwt.ParseWithClaims(token, said, func(*jwt.Token) (any, error) { return p.key.Public(), nil },
		jwt.WithValidMethods([]string{"EdDSA"}))
	if err != nil {
		return caller{}, err
	}
	known = caller{said.Subject, said.SessionID, said.ExpiresAt.Time}
	p.mu.Lock()
	p.proven[digest] = known
	p.mu.Unlock()
	return known, nil
}

func (p *program) sign(user, session string, now time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, &claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: "menjin", Audience: jwt.ClaimStrings{"menjin"}, Subject: user, ID: newID().String(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(accessTTL)),
		},
		SessionID: session, Roles: []string{"user"},
	})
	token.Header["kid"] = "0123456789abcdef0123456789abcdef0123456789a" // as long as the service's
	return token.SignedString(p.key)
}

func sessionKey(user, session string) string { return "session:{" + user + "}:" + session }

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
