package personal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	auditPage = 500
	mostAudit = 10_000 // entries by the caller, and again about the caller; an administrator may have made many more
)

// exportsPerUser bounds what one user makes of entries in the audit log, which are kept for long.
var exportsPerUser = ports.Rate{Burst: 5, Per: time.Hour}

// Export hands callers everything that is kept of them.
type Export struct {
	users    *update.Users
	sessions ports.SessionLister
	audit    ports.AuditReader
	events   ports.EventHistory
	limiter  ports.RateLimiter
	now      ports.Clock
}

// NewExport makes the use case.
func NewExport(
	users *update.Users, sessions ports.SessionLister, audit ports.AuditReader, events ports.EventHistory,
	limiter ports.RateLimiter, now ports.Clock,
) *Export {
	return &Export{users, sessions, audit, events, limiter, now}
}

// Exported is what is kept of a user.
type Exported struct {
	User     *domain.User
	Sessions []*domain.Session // the newest first
	Audit    []AuditView       // the newest first
	// Events are those still kept, by rising version, and then what WeChat pushed about the user; after them, in the same order,
	// those of each account merged into the user's.
	Events []ports.Message
}

// AuditView is an entry of the audit log as the user sees it whom it concerns.
type AuditView struct {
	At              time.Time
	Action          domain.AuditAction
	IP              string // of the user; empty where somebody else acted
	ByAdministrator bool   // somebody else acted: an administrator, the operator, or the service itself
}

// Do notes the export first, and so shows it too. It returns domain.ErrRateLimited to who exports too often.
func (uc *Export) Do(ctx context.Context, caller account.Caller) (Exported, error) {
	wait, err := uc.limiter.Take(ctx, "export-user:"+caller.UserID.String(), exportsPerUser, uc.now())
	if err != nil {
		return Exported{}, fmt.Errorf("take from allowance: %w", err)
	}
	if wait > 0 {
		return Exported{}, domain.ErrRateLimited.After(wait)
	}
	var out Exported
	note := noteOf(caller, domain.AuditExport, "")
	_, err = uc.users.One(ctx, caller.UserID, note, func(u *domain.User, _ update.Change) ([]domain.Event, error) {
		out.User = u
		return nil, nil
	})
	if err != nil {
		return Exported{}, fmt.Errorf("note export: %w", err)
	}
	if out.Sessions, err = uc.sessions.List(ctx, caller.UserID, uc.now()); err != nil {
		return Exported{}, fmt.Errorf("list sessions: %w", err)
	}
	merged, err := absorbed(ctx, uc.audit, caller.UserID)
	if err != nil {
		return Exported{}, err
	}
	ids := append([]domain.UserID{caller.UserID}, merged...)
	for _, id := range ids {
		events, err := uc.events.EventsOf(ctx, id)
		if err != nil {
			return Exported{}, fmt.Errorf("read events: %w", err)
		}
		out.Events = append(out.Events, events...)
	}
	if out.Audit, err = uc.concerning(ctx, ids); err != nil {
		return Exported{}, fmt.Errorf("read audit log: %w", err)
	}
	return out, nil
}

// concerning returns what was done by and to the user, under any id they had.
func (uc *Export) concerning(ctx context.Context, ids []domain.UserID) ([]AuditView, error) {
	entries, err := uc.entries(ctx, ids, func(id domain.UserID) ports.AuditFilter { return ports.AuditFilter{Actor: id} })
	if err != nil {
		return nil, err
	}
	suffered, err := uc.entries(ctx, ids, func(id domain.UserID) ports.AuditFilter { return ports.AuditFilter{Target: id} })
	if err != nil {
		return nil, err
	}
	for _, entry := range suffered {
		if !slices.Contains(ids, entry.Actor.UserID) { // else it is there already
			entries = append(entries, entry)
		}
	}
	slices.SortStableFunc(entries, func(a, b domain.AuditEntry) int {
		return cmp.Or(b.At.Compare(a.At), slices.Compare(b.ID[:], a.ID[:]))
	})
	views := make([]AuditView, len(entries))
	for i, entry := range entries {
		views[i] = AuditView{At: entry.At, Action: entry.Action, IP: entry.IP}
		if !slices.Contains(ids, entry.Actor.UserID) {
			views[i].IP, views[i].ByAdministrator = "", true
		}
	}
	return views, nil
}

func (uc *Export) entries(
	ctx context.Context, ids []domain.UserID, filter func(domain.UserID) ports.AuditFilter,
) (entries []domain.AuditEntry, err error) {
	var before domain.ID
	for i := 0; i < len(ids) && len(entries) < mostAudit; {
		page, err := uc.audit.Entries(ctx, filter(ids[i]), before, auditPage)
		if err != nil {
			return nil, err
		}
		entries = append(entries, page...)
		if len(page) < auditPage {
			i, before = i+1, domain.ID{}
			continue
		}
		before = page[len(page)-1].ID
	}
	return entries, nil
}
