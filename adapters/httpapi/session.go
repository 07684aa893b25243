package httpapi

import (
	"context"

	"github.com/oapi-codegen/nullable"
)

// Logout answers POST /api/logout.
func (h *handler) Logout(ctx context.Context, _ LogoutRequestObject) (LogoutResponseObject, error) {
	caller := callerOf(ctx)
	if err := h.use.Logout.Do(ctx, caller.UserID, caller.SessionID); err != nil {
		return nil, err
	}
	return Logout200JSONResponse{doneReply(ctx)}, nil
}

// LogoutAll answers POST /api/logout/all.
func (h *handler) LogoutAll(ctx context.Context, _ LogoutAllRequestObject) (LogoutAllResponseObject, error) {
	if err := h.use.LogoutAll.Do(ctx, callerOf(ctx).UserID); err != nil {
		return nil, err
	}
	return LogoutAll200JSONResponse{doneReply(ctx)}, nil
}

// doneReply is the envelope of a success that has nothing to tell.
func doneReply(ctx context.Context) DoneJSONResponse {
	x := exchangeOf(ctx)
	return DoneJSONResponse{
		Code: DoneResponseCodeN200, Message: done.in(x.language()), RequestId: x.id, Data: nullable.NewNullNullable[any](),
	}
}
