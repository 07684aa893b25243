package httpapi

import (
	"context"
	"regexp"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// BrowseAudit answers GET /api/admin/audit.
func (h *handler) BrowseAudit(ctx context.Context, request BrowseAuditRequestObject) (BrowseAuditResponseObject, error) {
	asked, err := pageOf(request.Params.Cursor, request.Params.Limit)
	if err != nil {
		return nil, err
	}
	filter, err := auditFilter(request.Params)
	if err != nil {
		return nil, err
	}
	entries, err := h.use.Admin.Audit.Entries(ctx, actorOf(ctx), filter, asked.cursor, asked.limit+1)
	if err != nil {
		return nil, err
	}
	entries, next := cut(entries, asked.limit, func(entry domain.AuditEntry) string { return entry.ID.String() })
	shown := make([]AuditEntry, 0, len(entries))
	for _, entry := range entries {
		shown = append(shown, auditEntryOf(entry))
	}
	x := exchangeOf(ctx)
	return BrowseAudit200JSONResponse{
		Code: AuditResponseCodeN200, Message: done.in(x.language()), RequestId: x.id,
		Data: AuditPage{Entries: shown, NextCursor: next},
	}, nil
}

var actionName = regexp.MustCompile(`^[a-z_.]{1,64}$`)

func auditFilter(asked BrowseAuditParams) (ports.AuditFilter, error) {
	actor, err := givenID("actor_id", asked.ActorId)
	if err != nil {
		return ports.AuditFilter{}, err
	}
	target, err := givenID("target_id", asked.TargetId)
	if err != nil {
		return ports.AuditFilter{}, err
	}
	action := said(asked.Action)
	if asked.Action != nil && !actionName.MatchString(action) {
		return ports.AuditFilter{}, invalid("action", "format", rules["format"])
	}
	return ports.AuditFilter{Actor: actor, Target: target, Action: domain.AuditAction(action)}, nil
}

func auditEntryOf(entry domain.AuditEntry) AuditEntry {
	return AuditEntry{
		Id:        entry.ID.String(),
		At:        entry.At.In(time.UTC),
		ActorId:   optionalUser(entry.Actor.UserID),
		Action:    string(entry.Action),
		TargetId:  optionalUser(entry.Target),
		Detail:    optional(entry.Detail),
		Ip:        optional(entry.IP),
		RequestId: optional(entry.RequestID),
	}
}

// optionalUser is null for nobody in particular.
func optionalUser(id domain.UserID) nullable.Nullable[string] {
	if id.IsZero() {
		return missing
	}
	return optional(id.String())
}
