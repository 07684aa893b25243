package personal

import (
	"context"
	"slices"
	"time"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	lookEvery = time.Minute
	dueChunk  = 100
)

// Run erases those whose cooling-off is over, at once and then each minute, until ctx ends. A failure is logged and tried
// again the next time.
func (e *Eraser) Run(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		e.eraseDue(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (e *Eraser) eraseDue(ctx context.Context) {
	for ctx.Err() == nil {
		ids, err := e.queue.DueForDeletion(ctx, e.now(), dueChunk)
		if err != nil {
			if ctx.Err() == nil {
				e.log.WarnContext(ctx, "users to be deleted cannot be looked up for now", "error", err)
			}
			return
		}
		erased := 0
		for _, id := range ids {
			if e.eraseOneDue(ctx, id) {
				erased++
			}
		}
		if erased > 0 {
			e.log.InfoContext(ctx, "users deleted after their cooling-off", "count", erased)
		}
		if erased < dueChunk { // those who failed would be found again at once
			return
		}
	}
}

// eraseOneDue looks once more whether the user is due: they may have signed in a moment ago.
func (e *Eraser) eraseOneDue(ctx context.Context, id domain.UserID) bool {
	note := &update.Note{Actor: domain.Actor{UserID: id}, Action: domain.AuditDelete, Detail: "cooling-off over"}
	err := e.erase(ctx, id, note, func(user *domain.User) bool { return user.DeletionDue(e.now()) })
	if err != nil && ctx.Err() == nil {
		e.log.ErrorContext(ctx, "user cannot be deleted for now", "user_id", id.String(), "error", err)
	}
	return err == nil
}

// warnWithoutAdmin tells operators that nobody is left who can grant roles. It keeps nobody from being deleted.
func (e *Eraser) warnWithoutAdmin(ctx context.Context, roles []domain.Role) {
	if !slices.Contains(roles, domain.RoleAdmin) {
		return
	}
	left, err := e.people.Browse(ctx, ports.UserFilter{Role: domain.RoleAdmin}, domain.UserID{}, 1)
	switch {
	case err != nil:
		e.log.WarnContext(ctx, "whether an administrator is left cannot be looked up", "error", err)
	case len(left) == 0:
		e.log.WarnContext(ctx, "the last administrator was deleted")
	}
}
