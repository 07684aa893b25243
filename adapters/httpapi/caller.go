package httpapi

import (
	"context"
	"errors"
	"strings"

	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/domain"
)

// callerOf returns who is calling a route that wants a token.
func callerOf(ctx context.Context) domain.Claims { return exchangeOf(ctx).caller }

func (x *exchange) authenticate(check *session.Check) error {
	token, err := bearerToken(x.request.Header["Authorization"])
	x.tokenSent = !errors.Is(err, domain.ErrTokenMissing)
	if err != nil {
		return err
	}
	claims, err := check.Do(x, token)
	if err != nil {
		return err
	}
	x.caller = claims
	x.userID, x.sessionID = claims.UserID.String(), claims.SessionID.String()
	return nil
}

const (
	bearer         = "bearer "
	maxTokenLength = 4096
)

// bearerToken reads the token of RFC 6750 §2.1 and nothing that merely resembles it: two headers could mean one thing to a
// proxy and another here.
func bearerToken(headers []string) (domain.Secret, error) {
	if len(headers) == 0 {
		return domain.Secret{}, domain.ErrTokenMissing
	}
	if len(headers) > 1 {
		return domain.Secret{}, domain.ErrTokenInvalid
	}
	header := headers[0]
	if len(header) < len(bearer) || !strings.EqualFold(header[:len(bearer)], bearer) {
		return domain.Secret{}, domain.ErrTokenMissing // another scheme, or "Bearer" alone
	}
	token := strings.TrimLeft(header[len(bearer):], " ")
	if !isToken(token) {
		return domain.Secret{}, domain.ErrTokenInvalid
	}
	return domain.NewSecret(token), nil
}

// isToken is the b64token of RFC 6750.
func isToken(text string) bool {
	if len(text) > maxTokenLength {
		return false
	}
	body := strings.TrimRight(text, "=")
	for i := range len(body) {
		c := body[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("-._~+/", rune(c)) {
			return false
		}
	}
	return body != ""
}
