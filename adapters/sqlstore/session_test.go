package sqlstore

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports/portstest"
)

var sessionLimits = domain.SessionLimits{Idle: time.Hour, Refresh: 24 * time.Hour, MaxAge: 48 * time.Hour}

const wechatKey = "tiihtNczf5v6AKRyjwEUhQ=="

func openedSession(t *testing.T, sessions *Sessions, now time.Time) domain.SessionState {
	t.Helper()
	user, id := newUserID(), domain.SessionID{ID: newUserID().ID}
	session := domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: user, AppID: "wx0123456789abcdef", IP: "192.0.2.1",
		SessionKey: domain.SessionKey{Secret: domain.NewSecret(wechatKey)},
		Roles:      []domain.Role{domain.RoleUser},
		Refresh:    domain.RefreshToken{Secret: domain.NewSecret("token of " + id.String()), UserID: user, SessionID: id},
	}, sessionLimits, now)
	if _, err := sessions.Open(t.Context(), session, 20); err != nil {
		t.Fatal(err)
	}
	return session.State()
}

func TestSessions(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			open := func(t *testing.T, limits domain.SessionLimits) portstest.SessionsParts {
				sessions := NewSessions(openDB(t, Options{URL: backend.url(t)}), limits)
				return portstest.SessionsParts{Store: sessions, Refresher: sessions, Lister: sessions, Keys: sessions, Archive: sessions}
			}
			portstest.Sessions(t, open)
			portstest.RefreshModel(t, open)
			portstest.RefreshLinearizable(t, open)
		})
	}
}

func TestTouchWritesOncePerTwentiethOfTheIdleTime(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			sessions, now := NewSessions(db, sessionLimits), time.Now().UTC().Truncate(time.Microsecond)
			session := openedSession(t, sessions, now)
			for _, touch := range []struct {
				after   time.Duration
				written bool
			}{
				{sessionLimits.Idle/20 - time.Microsecond, false},
				{sessionLimits.Idle / 20, true},
			} {
				at := now.Add(touch.after)
				if _, err := sessions.Touch(t.Context(), session.UserID, session.ID, at); err != nil {
					t.Fatal(err)
				}
				row := db.read().QueryRowContext(t.Context(), "SELECT last_seen_at = ? FROM sessions", db.instant(at))
				var written bool
				if err := row.Scan(&written); err != nil || written != touch.written {
					t.Errorf("written %s after the last time: got %v, error %v, want %v", touch.after, written, err, touch.written)
				}
			}
		})
	}
}

func TestRequestsThatSlideASessionAtOnceAllFindItLive(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			sessions, now := NewSessions(openDB(t, Options{URL: backend.url(t)}), sessionLimits), time.Now().UTC()
			session := openedSession(t, sessions, now)
			for range 10 {
				now = now.Add(sessionLimits.Idle / 2)
				var requests sync.WaitGroup
				for range 8 {
					requests.Go(func() {
						if _, err := sessions.Touch(t.Context(), session.UserID, session.ID, now); err != nil {
							t.Errorf("touch: %v", err)
						}
					})
				}
				requests.Wait()
			}
		})
	}
}

func TestSessionKeyLiesSealedInItsRow(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			session := openedSession(t, NewSessions(db, sessionLimits), time.Now().UTC())
			var sealed []byte
			if err := db.read().QueryRowContext(t.Context(), "SELECT session_key_sealed FROM sessions").Scan(&sealed); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(sealed, []byte(wechatKey)) {
				t.Error("the session key lies in clear")
			}
			plain, err := open(db.cipher, "sessions", "session_key", session.ID.ID, sealed)
			if err != nil || plain.Reveal() != wechatKey {
				t.Errorf("open what was sealed: error %v, or another key", err)
			}
		})
	}
}
