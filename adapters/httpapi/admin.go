package httpapi

import (
	"context"

	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/domain"
)

// actorOf is the caller as one who looks after others. What they may do is the use case's to say.
func actorOf(ctx context.Context) admin.Actor {
	x := exchangeOf(ctx)
	return admin.Actor{UserID: x.caller.UserID, Roles: x.caller.Roles, IP: x.clientIP, RequestID: x.id}
}

// LockUser answers POST /api/admin/users/{id}/lock.
func (h *handler) LockUser(ctx context.Context, request LockUserRequestObject) (LockUserResponseObject, error) {
	id, err := idOf("id", request.Id, domain.ParseUserID)
	if err != nil {
		return nil, err
	}
	user, err := h.use.Admin.Lock.Lock(ctx, actorOf(ctx), id, request.Body.Reason)
	if err != nil {
		return nil, err
	}
	return LockUser200JSONResponse(userReply(ctx, user)), nil
}

// UnlockUser answers POST /api/admin/users/{id}/unlock.
func (h *handler) UnlockUser(ctx context.Context, request UnlockUserRequestObject) (UnlockUserResponseObject, error) {
	id, err := idOf("id", request.Id, domain.ParseUserID)
	if err != nil {
		return nil, err
	}
	user, err := h.use.Admin.Lock.Unlock(ctx, actorOf(ctx), id)
	if err != nil {
		return nil, err
	}
	return UnlockUser200JSONResponse(userReply(ctx, user)), nil
}

// SetRoles answers PUT /api/admin/users/{id}/roles.
func (h *handler) SetRoles(ctx context.Context, request SetRolesRequestObject) (SetRolesResponseObject, error) {
	id, err := idOf("id", request.Id, domain.ParseUserID)
	if err != nil {
		return nil, err
	}
	roles := make([]domain.Role, 0, len(request.Body.Roles))
	for _, name := range request.Body.Roles {
		role, err := domain.ParseRole(string(name))
		if err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	user, err := h.use.Admin.Roles.Set(ctx, actorOf(ctx), id, roles)
	if err != nil {
		return nil, err
	}
	return SetRoles200JSONResponse(userReply(ctx, user)), nil
}

// ListUserSessions answers GET /api/admin/users/{id}/sessions.
func (h *handler) ListUserSessions(ctx context.Context, request ListUserSessionsRequestObject) (ListUserSessionsResponseObject, error) {
	id, err := idOf("id", request.Id, domain.ParseUserID)
	if err != nil {
		return nil, err
	}
	sessions, err := h.use.Admin.Sessions.List(ctx, actorOf(ctx), id)
	if err != nil {
		return nil, err
	}
	return ListUserSessions200JSONResponse(sessionsReply(ctx, sessions)), nil
}

// EndUserSessions answers DELETE /api/admin/users/{id}/sessions.
func (h *handler) EndUserSessions(ctx context.Context, request EndUserSessionsRequestObject) (EndUserSessionsResponseObject, error) {
	id, err := idOf("id", request.Id, domain.ParseUserID)
	if err != nil {
		return nil, err
	}
	if err := h.use.Admin.Sessions.End(ctx, actorOf(ctx), id); err != nil {
		return nil, err
	}
	return EndUserSessions200JSONResponse{doneReply(ctx)}, nil
}

// MergeUsers answers POST /api/admin/users/merge.
func (h *handler) MergeUsers(ctx context.Context, request MergeUsersRequestObject) (MergeUsersResponseObject, error) {
	id, err := idOf("user_id", request.Body.UserId, domain.ParseUserID)
	if err != nil {
		return nil, err
	}
	other, err := idOf("other_user_id", request.Body.OtherUserId, domain.ParseUserID)
	if err != nil {
		return nil, err
	}
	if id == other {
		return nil, invalid("other_user_id", "same", text{"与 user_id 是同一个账号", "is the same account as user_id"})
	}
	user, err := h.use.Admin.Merge.Do(ctx, actorOf(ctx), id, other)
	if err != nil {
		return nil, err
	}
	return MergeUsers200JSONResponse(userReply(ctx, user)), nil
}
