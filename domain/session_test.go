package domain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

var (
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	limits = domain.SessionLimits{Idle: time.Hour, Refresh: 3 * time.Hour, MaxAge: 150 * time.Minute}
)

var firstToken = domain.RefreshToken{Secret: domain.NewSecret("token-1")}

func openSession(limits domain.SessionLimits) *domain.Session {
	user, id := domain.UserID{ID: domain.ID{1}}, domain.SessionID{ID: domain.ID{2}}
	return domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: user, UserVersion: 7, AppID: "wx1", Device: domain.Device{Model: "Pixel"}, IP: "192.0.2.1",
		SessionKey: domain.SessionKey{Secret: domain.NewSecret("key")},
		Roles:      []domain.Role{domain.RoleUser}, Refresh: firstToken,
	}, limits, noon)
}

func TestOpenedSessionHoldsWhatTheSignInKnew(t *testing.T) {
	t.Parallel()
	got := openSession(limits).State()
	if got.UserID.ID != (domain.ID{1}) || got.ID.ID != (domain.ID{2}) || got.UserVersion != 7 || got.AppID != "wx1" || got.Device.Model != "Pixel" ||
		got.IP != "192.0.2.1" || got.SessionKey.Reveal() != "key" || got.RefreshHash != firstToken.Hash() ||
		len(got.Roles) != 1 || got.ReplacedHash != (domain.RefreshHash{}) || !got.RefreshedAt.IsZero() {
		t.Errorf("state: got %+v, want what was given", got)
	}
	if !got.CreatedAt.Equal(noon) || !got.LastSeenAt.Equal(noon) {
		t.Errorf("created %s, last seen %s, want both at %s", got.CreatedAt, got.LastSeenAt, noon)
	}
}

func TestSessionLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits                 domain.SessionLimits
		idle, refresh, expires time.Duration
	}{
		"each below the absolute one": {
			domain.SessionLimits{Idle: 1, Refresh: 2, MaxAge: 3}, 1, 2, 3,
		},
		"none beyond the absolute one": {
			domain.SessionLimits{Idle: 30, Refresh: 20, MaxAge: 10}, 10, 10, 10,
		},
	} {
		got := openSession(c.limits).State()
		if got.IdleUntil.Sub(noon) != c.idle || got.RefreshUntil.Sub(noon) != c.refresh || got.ExpiresAt.Sub(noon) != c.expires {
			t.Errorf("%s: got %s, %s, %s, want %s, %s, %s", name,
				got.IdleUntil.Sub(noon), got.RefreshUntil.Sub(noon), got.ExpiresAt.Sub(noon), c.idle, c.refresh, c.expires)
		}
	}
}

func TestSessionSlides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after []time.Duration // requests, since noon
		ended bool            // by the last of them
		idle  time.Duration   // until when the session is live afterwards, since noon
	}{
		{"at once", []time.Duration{0}, false, time.Hour},
		{"just before it is idle", []time.Duration{time.Hour - 1}, false, 2*time.Hour - 1},
		{"when it is idle", []time.Duration{time.Hour}, true, time.Hour},
		{"long after it was idle", []time.Duration{24 * time.Hour}, true, time.Hour},
		{"again and again", []time.Duration{50 * time.Minute, 80 * time.Minute}, false, 140 * time.Minute},
		{"never past the absolute end", []time.Duration{50 * time.Minute, 100 * time.Minute}, false, 150 * time.Minute},
		{"just before the absolute end", []time.Duration{50 * time.Minute, 100 * time.Minute, 150*time.Minute - 1}, false, 150 * time.Minute},
		{"at the absolute end", []time.Duration{50 * time.Minute, 100 * time.Minute, 150 * time.Minute}, true, 150 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			session := openSession(limits)
			var seen time.Duration
			for i, after := range c.after {
				err := session.Slide(limits.Idle, noon.Add(after))
				ended := i == len(c.after)-1 && c.ended
				if errors.Is(err, domain.ErrSessionEnded) != ended {
					t.Fatalf("request after %s: got error %v, want it ended: %t", after, err, ended)
				}
				if err == nil {
					seen = after
				}
			}
			got := session.State()
			if got.IdleUntil.Sub(noon) != c.idle || got.LastSeenAt.Sub(noon) != seen {
				t.Errorf("idle after %s, seen after %s, want %s and %s", got.IdleUntil.Sub(noon), got.LastSeenAt.Sub(noon), c.idle, seen)
			}
			if !got.RefreshUntil.Equal(got.ExpiresAt) || got.ExpiresAt.Sub(noon) != limits.MaxAge {
				t.Errorf("a request moved another limit: %+v", got)
			}
		})
	}
}

func TestSessionChecksBothLimits(t *testing.T) {
	t.Parallel()
	session := domain.RestoreSession(domain.SessionState{IdleUntil: noon.Add(time.Hour), ExpiresAt: noon})
	if err := session.Check(noon); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("at the absolute end, not idle: got %v, want %v", err, domain.ErrSessionEnded)
	}
	if err := session.Check(noon.Add(-1)); err != nil {
		t.Errorf("before both limits: %v", err)
	}
}
