package admin

import (
	"context"
	"fmt"
	"regexp"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var (
	replayName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`) // one token of a subject
	eventType  = regexp.MustCompile(`^[a-z0-9_.]{1,128}$`)
)

// Replay asks for events that were published before and are still kept to be sent again, to the stream or, under a name, beside
// it. It returns at once; how far it has come is seen by Replays. The filter must name something, so that nobody has everything
// sent again by mistake.
func (uc *Outbox) Replay(ctx context.Context, actor Actor, filter ports.ReplayFilter, to string) (ports.Replay, error) {
	if err := actor.may(domain.PermissionOutboxManage); err != nil {
		return ports.Replay{}, err
	}
	if violations := append(checkFilter(filter), checkTo(to)...); len(violations) > 0 {
		return ports.Replay{}, domain.Invalid(violations...)
	}
	order := ports.Replay{ID: uc.newID(), RequestedAt: uc.now(), Filter: filter, To: to}
	note := uc.note(actor, domain.AuditOutboxReplay, filter.User, "replay "+order.ID.String())
	replay, err := uc.replays.Request(ctx, order, note)
	if err != nil {
		return ports.Replay{}, fmt.Errorf("request replay: %w", err)
	}
	return replay, nil
}

func checkFilter(filter ports.ReplayFilter) (faults []domain.Violation) {
	if filter == (ports.ReplayFilter{}) {
		faults = append(faults, domain.Violation{Field: "filter", Rule: "required", Text: "must say which events"})
	}
	if filter.FromID < 0 {
		faults = append(faults, domain.Violation{Field: "from_id", Rule: "min", Text: "must not be below 0"})
	}
	if filter.ToID < 0 || filter.ToID > 0 && filter.ToID < filter.FromID {
		faults = append(faults, domain.Violation{Field: "to_id", Rule: "min", Text: "must not be below from_id"})
	}
	if filter.Type != "" && !eventType.MatchString(filter.Type) {
		faults = append(faults, domain.Violation{Field: "type", Rule: "format", Text: "must be 1 to 128 characters of a-z, 0-9, _ and ."})
	}
	if !filter.Since.IsZero() && !filter.Until.IsZero() && !filter.Since.Before(filter.Until) {
		faults = append(faults, domain.Violation{Field: "until", Rule: "min", Text: "must be later than since"})
	}
	return faults
}

func checkTo(to string) []domain.Violation {
	if to == "" || replayName.MatchString(to) {
		return nil
	}
	return []domain.Violation{{
		Field: "to", Rule: "format", Text: "must be 1 to 32 characters of a-z, 0-9, _ and -, a letter or digit first",
	}}
}

// Replays returns the replays that were asked for, the newest first.
func (uc *Outbox) Replays(ctx context.Context, actor Actor, limit int) ([]ports.Replay, error) {
	if err := actor.may(domain.PermissionOutboxManage); err != nil {
		return nil, err
	}
	replays, err := uc.replays.Replays(ctx, limit)
	if err != nil {
		return nil, fmt.Errorf("read replays: %w", err)
	}
	return replays, nil
}

// CancelReplay ends a replay: what it has sent stays sent. It returns domain.ErrNotFound when there is none of that id at work.
func (uc *Outbox) CancelReplay(ctx context.Context, actor Actor, id domain.ID) error {
	if err := actor.may(domain.PermissionOutboxManage); err != nil {
		return err
	}
	note := uc.note(actor, domain.AuditOutboxCancel, domain.UserID{}, "replay "+id.String())
	if err := uc.replays.Cancel(ctx, id, note); err != nil {
		return fmt.Errorf("cancel replay: %w", err)
	}
	return nil
}
