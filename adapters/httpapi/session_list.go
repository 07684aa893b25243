package httpapi

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// ListSessions answers GET /api/user/sessions.
func (h *handler) ListSessions(ctx context.Context, _ ListSessionsRequestObject) (ListSessionsResponseObject, error) {
	sessions, err := h.use.ListSessions.Do(ctx, callerOf(ctx).UserID)
	if err != nil {
		return nil, err
	}
	return ListSessions200JSONResponse(sessionsReply(ctx, sessions)), nil
}

// EndSession answers DELETE /api/user/sessions/{id}.
func (h *handler) EndSession(ctx context.Context, request EndSessionRequestObject) (EndSessionResponseObject, error) {
	id, err := idOf("id", request.Id, domain.ParseSessionID)
	if err != nil {
		return nil, err
	}
	if err := h.use.EndSession.Do(ctx, callerOf(ctx).UserID, id); err != nil {
		return nil, err
	}
	return EndSession200JSONResponse{doneReply(ctx)}, nil
}

func sessionsReply(ctx context.Context, sessions []*domain.Session) SessionsResponse {
	x := exchangeOf(ctx)
	shown := make([]Session, 0, len(sessions))
	for _, session := range sessions {
		shown = append(shown, sessionOf(session.State(), x.caller.SessionID))
	}
	return SessionsResponse{
		Code: SessionsResponseCodeN200, Message: done.in(x.language()), RequestId: x.id, Data: Sessions{shown},
	}
}

func sessionOf(state domain.SessionState, current domain.SessionID) Session {
	return Session{
		Id: state.ID.String(),
		Device: SessionDevice{
			Id: optional(state.Device.ID), Model: optional(state.Device.Model),
			Platform: optional(state.Device.Platform), System: optional(state.Device.System),
		},
		Ip:         optional(state.IP),
		CreatedAt:  state.CreatedAt.In(time.UTC),
		LastSeenAt: state.LastSeenAt.In(time.UTC),
		Current:    state.ID == current,
	}
}
