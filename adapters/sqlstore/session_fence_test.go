package sqlstore

import (
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestFenceIsSweptWhenNoSignInCanBeAsOld(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			sessions := NewSessions(openDB(t, Options{URL: backend.url(t)}), sessionLimits)
			user := newUserID()
			if err := sessions.EndOpenedBefore(t.Context(), user, 2, domain.SessionID{}); err != nil {
				t.Fatal(err)
			}
			session := domain.OpenSession(domain.SessionOpening{
				ID: domain.SessionID{ID: newID()}, UserID: user, UserVersion: 1, Roles: []domain.Role{domain.RoleUser},
			}, sessionLimits, stampNow().At)
			for _, step := range []struct {
				after time.Duration
				swept int64
				want  error
			}{{fenced - time.Minute, 0, ports.ErrOutdated}, {fenced + time.Minute, 1, nil}} {
				if swept, err := sessions.Sweep(t.Context(), time.Now().Add(step.after), 10); err != nil || swept != step.swept {
					t.Errorf("sweep after %s: got %d rows, error %v, want %d", step.after, swept, err, step.swept)
				}
				if _, err := sessions.Open(t.Context(), session, 0); !errors.Is(err, step.want) {
					t.Errorf("open after %s: got error %v, want %v", step.after, err, step.want)
				}
			}
		})
	}
}
