package redisstore

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// A token's record is a line that scripts read, and the token, sealed. The line has, with a blank between them: when it was
// fetched, when it expires, and its digest.
const tokenHeadFields = 3

var errToken = errors.New("a shared token's record is damaged")

// tokenField is the place a sealed token is bound to. A mini-program has no UUID, so it stands in the row as the beginning of
// a digest.
func tokenField(app domain.AppID) ports.Field {
	digest := sha256.Sum256([]byte(app))
	return ports.Field{Table: "shared_tokens", Column: "access_token", Row: domain.ID(digest[:len(domain.ID{})])}
}

// tokenDigest tells tokens apart without showing one. WeChat's are long and random: nobody finds one by trying.
func tokenDigest(value domain.Secret) string {
	digest := sha256.Sum256([]byte(value.Reveal()))
	return hex.EncodeToString(digest[:])
}

func (s *SharedTokens) writeToken(app domain.AppID, token ports.SharedToken) (string, error) {
	sealed, err := s.cipher.Seal(tokenField(app), token.Value)
	if err != nil {
		return "", fmt.Errorf("seal shared token: %w", err)
	}
	record := append(appendInstant(nil, token.FetchedAt), ' ')
	record = append(appendInstant(record, token.ExpiresAt), ' ')
	record = append(append(record, tokenDigest(token.Value)...), '\n')
	return string(append(record, sealed...)), nil
}

func (s *SharedTokens) readToken(app domain.AppID, record string) (token ports.SharedToken, err error) {
	head, sealed, _ := strings.Cut(record, "\n")
	fields := strings.Split(head, " ")
	if len(fields) != tokenHeadFields {
		return ports.SharedToken{}, fmt.Errorf("read shared token: %w", errToken)
	}
	if parseInstant(&token.FetchedAt, fields[0]) != nil || parseInstant(&token.ExpiresAt, fields[1]) != nil {
		return ports.SharedToken{}, fmt.Errorf("read shared token: %w", errToken)
	}
	if token.Value, err = s.cipher.Open(tokenField(app), []byte(sealed)); err != nil {
		return ports.SharedToken{}, fmt.Errorf("open shared token: %w", err)
	}
	return token, nil
}
