package redisstore

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// A record is a session as it lies under its refresh key: a line that scripts read and change, and a body of JSON that stays as
// it is. Whose it is and its own id are in the key; how long it is live is the expiry of the live key. Times are microseconds
// since 1970. The line has, with a blank between them: the hash of the refresh token, that of the one before ("-" for none),
// when that was replaced (0 for never), the refresh limit, the absolute limit, when the line was last written by its owner's
// doing (requests do not write it), and the roles.
const headFields = 7

// none stands for a hash that is not there.
const none = "-"

type body struct {
	AppID      domain.AppID `json:"app_id,omitempty"`
	Device     device       `json:"device"`
	IP         string       `json:"ip"`
	SessionKey []byte       `json:"session_key,omitempty"` // sealed
	Version    int64        `json:"user_version,omitempty"`
	CreatedAt  int64        `json:"created_at"`
}

type device struct {
	ID       string `json:"id,omitempty"`
	Model    string `json:"model,omitempty"`
	Platform string `json:"platform,omitempty"`
	System   string `json:"system,omitempty"`
}

var errRecord = errors.New("a session's record is damaged")

// sessionKeyField is the place a sealed session_key is bound to.
func sessionKeyField(id domain.SessionID) ports.Field {
	return ports.Field{Table: "sessions", Column: "session_key", Row: id.ID}
}

func (s *Sessions) encode(state domain.SessionState) ([]byte, error) {
	written := body{
		AppID: state.AppID, Device: device(state.Device), IP: state.IP,
		Version: state.UserVersion, CreatedAt: state.CreatedAt.UnixMicro(),
	}
	if !state.SessionKey.IsZero() {
		sealed, err := s.cipher.Seal(sessionKeyField(state.ID), state.SessionKey.Secret)
		if err != nil {
			return nil, fmt.Errorf("seal session key: %w", err)
		}
		written.SessionKey = sealed
	}
	text, err := json.Marshal(written)
	if err != nil {
		return nil, err
	}
	return append(appendHead(make([]byte, 0, headRoom+len(text)), state), text...), nil
}

// headRoom is enough for most lines.
const headRoom = 256

// appendHead writes the line.
func appendHead(line []byte, state domain.SessionState) []byte {
	for _, hash := range [...]domain.RefreshHash{state.RefreshHash, state.ReplacedHash} {
		line = append(appendHash(line, hash), ' ')
	}
	for _, instant := range [...]time.Time{state.RefreshedAt, state.RefreshUntil, state.ExpiresAt, state.LastSeenAt} {
		line = append(appendInstant(line, instant), ' ')
	}
	return append(append(line, rolesText(state.Roles)...), '\n')
}

// decode reads all of a record but the session key, which it returns sealed. The idle limit is the caller's to know.
func decode(user domain.UserID, id domain.SessionID, record string) (domain.SessionState, []byte, error) {
	head, text, _ := strings.Cut(record, "\n")
	fields := strings.Split(head, " ")
	var kept body
	if len(fields) != headFields || json.Unmarshal([]byte(text), &kept) != nil {
		return domain.SessionState{}, nil, errRecord
	}
	state := domain.SessionState{
		ID: id, UserID: user, UserVersion: kept.Version, AppID: kept.AppID, Device: domain.Device(kept.Device), IP: kept.IP,
		Roles: parseRoles(fields[6]), CreatedAt: time.UnixMicro(kept.CreatedAt).UTC(),
	}
	for i, hash := range []*domain.RefreshHash{&state.RefreshHash, &state.ReplacedHash} {
		if err := parseHash(hash, fields[i]); err != nil {
			return domain.SessionState{}, nil, err
		}
	}
	for i, instant := range []*time.Time{&state.RefreshedAt, &state.RefreshUntil, &state.ExpiresAt, &state.LastSeenAt} {
		if err := parseInstant(instant, fields[2+i]); err != nil {
			return domain.SessionState{}, nil, err
		}
	}
	return state, kept.SessionKey, nil
}

func hashText(hash domain.RefreshHash) string { return string(appendHash(nil, hash)) }

func appendHash(text []byte, hash domain.RefreshHash) []byte {
	if hash == (domain.RefreshHash{}) {
		return append(text, none...)
	}
	return hex.AppendEncode(text, hash[:])
}

func parseHash(hash *domain.RefreshHash, text string) error {
	if text == none {
		return nil
	}
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(hash) {
		return errRecord
	}
	copy(hash[:], raw)
	return nil
}

func appendInstant(text []byte, instant time.Time) []byte {
	if instant.IsZero() {
		return append(text, '0')
	}
	return strconv.AppendInt(text, instant.UnixMicro(), 10)
}

func parseInstant(instant *time.Time, text string) error {
	if text == "0" {
		return nil
	}
	micros, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errRecord
	}
	*instant = time.UnixMicro(micros).UTC()
	return nil
}

func rolesText(roles []domain.Role) string {
	switch len(roles) {
	case 0:
		return ""
	case 1:
		return string(roles[0])
	}
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return strings.Join(names, ",")
}

func parseRoles(text string) []domain.Role {
	if text == "" {
		return nil
	}
	roles := make([]domain.Role, 0, 1+strings.Count(text, ","))
	for name := range strings.SplitSeq(text, ",") {
		roles = append(roles, domain.Role(name))
	}
	return roles
}
