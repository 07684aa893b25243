package sqlstore

import (
	"time"

	"github.com/menjin-id/menjin/domain"
)

const selectSession = `SELECT user_id, id, app_id, device_id, device_model, device_platform, device_system, ip,
	session_key_sealed, roles, refresh_hash, replaced_hash, refreshed_at, created_at, last_seen_at, idle_until, refresh_until,
	expires_at, user_version
FROM sessions`

// sessionRow is a row of selectSession.
type sessionRow struct {
	user, id                             idColumn
	app                                  string
	device                               domain.Device
	ip, roles                            string
	key, hash, replaced                  []byte
	refreshed, created, seen             timeColumn
	idleUntil, refreshUntil, expiryUntil timeColumn
	version                              int64
}

func (r *sessionRow) scan(from rows) error {
	return from.Scan(&r.user, &r.id, &r.app, &r.device.ID, &r.device.Model, &r.device.Platform, &r.device.System, &r.ip,
		&r.key, &r.roles, &r.hash, &r.replaced, &r.refreshed, &r.created, &r.seen, &r.idleUntil, &r.refreshUntil, &r.expiryUntil,
		&r.version)
}

// state is everything but the session key.
func (r *sessionRow) state() (domain.SessionState, error) {
	state := domain.SessionState{
		ID: domain.SessionID{ID: domain.ID(r.id)}, UserID: domain.UserID{ID: domain.ID(r.user)}, UserVersion: r.version,
		AppID: domain.AppID(r.app), Device: r.device, IP: r.ip, Roles: domain.SplitRoles(r.roles),
		RefreshedAt: time.Time(r.refreshed), CreatedAt: time.Time(r.created), LastSeenAt: time.Time(r.seen),
		IdleUntil: time.Time(r.idleUntil), RefreshUntil: time.Time(r.refreshUntil), ExpiresAt: time.Time(r.expiryUntil),
	}
	if copy(state.RefreshHash[:], r.hash) != len(r.hash) || copy(state.ReplacedHash[:], r.replaced) != len(r.replaced) {
		return state, errColumn
	}
	return state, nil
}

// readSessions leaves out what does not belong into a list.
func readSessions(from rows) (sessions []*domain.Session, err error) {
	for from.Next() {
		var row sessionRow
		if err := row.scan(from); err != nil {
			return nil, err
		}
		state, err := row.state()
		if err != nil {
			return nil, err
		}
		state.RefreshHash, state.ReplacedHash = domain.RefreshHash{}, domain.RefreshHash{}
		sessions = append(sessions, domain.RestoreSession(state))
	}
	return sessions, nil
}
