package redisstore

import (
	"encoding/json"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// record is a session as it lies under its refresh key. Whose it is and its own id are in the key; how long it is live is
// the expiry of the live key. Times are microseconds since 1970.
type record struct {
	AppID        domain.AppID `json:"app_id,omitempty"`
	Device       device       `json:"device"`
	IP           string       `json:"ip"`
	SessionKey   []byte       `json:"session_key,omitempty"` // sealed
	RefreshHash  []byte       `json:"refresh_hash"`
	CreatedAt    int64        `json:"created_at"`
	LastSeenAt   int64        `json:"last_seen_at"` // when the record was written: requests do not write it
	RefreshUntil int64        `json:"refresh_until"`
	ExpiresAt    int64        `json:"expires_at"`
}

type device struct {
	ID       string `json:"id,omitempty"`
	Model    string `json:"model,omitempty"`
	Platform string `json:"platform,omitempty"`
	System   string `json:"system,omitempty"`
}

// sessionKeyField is the place a sealed session_key is bound to.
func sessionKeyField(id domain.SessionID) ports.Field {
	return ports.Field{Table: "sessions", Column: "session_key", Row: id.ID}
}

func (s *Sessions) encode(state domain.SessionState) ([]byte, error) {
	written := record{
		AppID: state.AppID, Device: device(state.Device), IP: state.IP,
		RefreshHash: state.RefreshHash[:],
		CreatedAt:   state.CreatedAt.UnixMicro(), LastSeenAt: state.LastSeenAt.UnixMicro(),
		RefreshUntil: state.RefreshUntil.UnixMicro(), ExpiresAt: state.ExpiresAt.UnixMicro(),
	}
	if !state.SessionKey.IsZero() {
		sealed, err := s.cipher.Seal(sessionKeyField(state.ID), state.SessionKey.Secret)
		if err != nil {
			return nil, fmt.Errorf("seal session key: %w", err)
		}
		written.SessionKey = sealed
	}
	return json.Marshal(written)
}
