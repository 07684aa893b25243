package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// ExportUser answers GET /api/user/export.
func (h *handler) ExportUser(ctx context.Context, _ ExportUserRequestObject) (ExportUserResponseObject, error) {
	kept, err := h.use.Export.Do(ctx, ownerOf(ctx))
	if err != nil {
		return nil, ownersError(err)
	}
	x := exchangeOf(ctx)
	shown := Export{
		User:     exportedUser(kept.User.State()),
		Sessions: make([]Session, 0, len(kept.Sessions)),
		Audit:    make([]ExportedAuditEntry, 0, len(kept.Audit)),
		Events:   make([]ExportedEvent, 0, len(kept.Events)),
	}
	for _, session := range kept.Sessions {
		shown.Sessions = append(shown.Sessions, sessionOf(session.State(), x.caller.SessionID))
	}
	for _, entry := range kept.Audit {
		shown.Audit = append(shown.Audit, exportedAuditEntry(entry))
	}
	for _, message := range kept.Events {
		event, err := exportedEvent(message)
		if err != nil {
			return nil, err
		}
		shown.Events = append(shown.Events, event)
	}
	return ExportUser200JSONResponse{
		Body:    ExportResponse{Code: ExportResponseCodeN200, Message: done.in(x.language()), RequestId: x.id, Data: shown},
		Headers: ExportUser200ResponseHeaders{ContentDisposition: `attachment; filename="menjin-export.json"`},
	}, nil
}

// exportedUser is all that is kept of a user but what only opens doors: WeChat's ids and keys, and the password's hash.
func exportedUser(state domain.UserState) ExportedUser {
	shown := userOf(domain.RestoreUser(state))
	return ExportedUser{
		Id: shown.Id, Username: shown.Username, Nickname: shown.Nickname, AvatarUrl: shown.AvatarUrl,
		Email: optional(state.Email.Reveal()), Phone: optional(state.Phone.Reveal()),
		Roles: shown.Roles, Status: ExportedUserStatus(shown.Status), CreatedAt: shown.CreatedAt, UpdatedAt: shown.UpdatedAt,
		Wechat: shown.Wechat, HasPassword: !state.PasswordHash.IsZero(), DeleteAt: optionalTime(state.DeleteAt),
	}
}

func exportedAuditEntry(entry personal.AuditView) ExportedAuditEntry {
	return ExportedAuditEntry{
		At: entry.At.In(time.UTC), Action: string(entry.Action), Ip: optional(entry.IP), ByAdministrator: entry.ByAdministrator,
	}
}

func exportedEvent(message ports.Message) (ExportedEvent, error) {
	event := ExportedEvent{Type: message.Type, Time: message.At.In(time.UTC)}
	if err := json.Unmarshal(message.Data, &event.Data); err != nil {
		return ExportedEvent{}, fmt.Errorf("read event %s: %w", message.ID, err)
	}
	return event, nil
}

// optionalTime is null for an instant that is not set.
func optionalTime(at time.Time) nullable.Nullable[time.Time] {
	if at.IsZero() {
		return nullable.NewNullNullable[time.Time]()
	}
	return nullable.NewNullableWithValue(at.In(time.UTC))
}
