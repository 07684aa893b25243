package httpapi

import (
	"context"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/menjin-id/menjin/domain"
)

// GetUserInfo answers GET /api/user/info.
func (h *handler) GetUserInfo(ctx context.Context, _ GetUserInfoRequestObject) (GetUserInfoResponseObject, error) {
	user, err := h.use.ShowAccount.Do(ctx, callerOf(ctx).UserID)
	if err != nil {
		return nil, err
	}
	return GetUserInfo200JSONResponse(userReply(ctx, user)), nil
}

// userReply is the envelope of a user.
func userReply(ctx context.Context, user *domain.User) UserResponse {
	x := exchangeOf(ctx)
	return UserResponse{
		Code: UserResponseCodeN200, Message: done.in(x.language()), RequestId: x.id, Data: userOf(user),
	}
}

// userOf is what people are shown of a user: masked where it identifies them, and without WeChat's ids and keys.
func userOf(user *domain.User) User {
	state := user.State()
	shown := User{
		Id:        state.ID.String(),
		Username:  optional(state.Username.String()),
		Nickname:  optional(state.Nickname.String()),
		AvatarUrl: optional(state.AvatarURL.String()),
		Email:     optional(state.Email.Masked()),
		Phone:     optional(state.Phone.Masked()),
		Status:    UserStatus(state.Status),
		Roles:     make([]Role, 0, len(state.Roles)),
		Wechat:    make([]WeChatLink, 0, len(state.WeChat)),
		CreatedAt: state.CreatedAt.In(time.UTC),
		UpdatedAt: state.UpdatedAt.In(time.UTC),
	}
	for _, role := range state.Roles {
		shown.Roles = append(shown.Roles, Role(role))
	}
	for _, identity := range state.WeChat {
		shown.Wechat = append(shown.Wechat, WeChatLink{AppId: string(identity.AppID), LinkedAt: identity.LinkedAt.In(time.UTC)})
	}
	return shown
}

// missing is shared, because a Nullable is a map; nobody writes to it.
var missing = nullable.NewNullNullable[string]()

// optional is null for a text that is missing.
func optional(text string) nullable.Nullable[string] {
	if text == "" {
		return missing
	}
	return nullable.NewNullableWithValue(text)
}
