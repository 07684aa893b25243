package httpapi

import (
	"context"
	"errors"

	"github.com/oapi-codegen/nullable"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/domain"
)

// ChangeUserInfo answers PUT /api/user/info.
func (h *handler) ChangeUserInfo(ctx context.Context, request ChangeUserInfoRequestObject) (ChangeUserInfoResponseObject, error) {
	wanted, err := profileChange(request.Body)
	if err != nil {
		return nil, err
	}
	user, err := h.use.ChangeProfile.Do(ctx, ownerOf(ctx), wanted)
	if err != nil {
		return nil, ownersError(err)
	}
	return ChangeUserInfo200JSONResponse(userReply(ctx, user)), nil
}

func profileChange(body *UserInfoChange) (domain.ProfileChange, error) {
	nickname, badNickname := changeOf(body.Nickname, domain.NewNickname)
	avatar, badAvatar := changeOf(body.AvatarUrl, domain.NewAvatarURL)
	email, badEmail := changeOf(body.Email, emailOf)
	return domain.ProfileChange{Nickname: nickname, AvatarURL: avatar, Email: email}, joined(badNickname, badAvatar, badEmail)
}

// changeOf leaves alone what is absent and clears what is null.
func changeOf[T any](wish nullable.Nullable[string], read func(string) (T, error)) (domain.Change[T], error) {
	if !wish.IsSpecified() {
		return domain.Change[T]{}, nil
	}
	if wish.IsNull() {
		return domain.Change[T]{Given: true}, nil
	}
	value, err := read(wish.MustGet())
	return domain.Change[T]{Given: true, Value: value}, err
}

// ChangePassword answers PUT /api/user/password.
func (h *handler) ChangePassword(ctx context.Context, request ChangePasswordRequestObject) (ChangePasswordResponseObject, error) {
	username, err := given(request.Body.Username, usernameOf)
	if err != nil {
		return nil, err
	}
	err = h.use.ChangePassword.Do(ctx, ownerOf(ctx), account.PasswordChange{
		Old: domain.NewSecret(said(request.Body.OldPassword)), New: domain.NewSecret(request.Body.NewPassword), Username: username,
	})
	if err != nil {
		return nil, ownersError(err)
	}
	return ChangePassword200JSONResponse{doneReply(ctx)}, nil
}

// LinkWeChat answers POST /api/user/wechat.
func (h *handler) LinkWeChat(ctx context.Context, request LinkWeChatRequestObject) (LinkWeChatResponseObject, error) {
	user, err := h.use.LinkWeChat.Do(
		ctx, ownerOf(ctx), domain.NewSecret(request.Body.Code), domain.AppID(said(request.Body.AppId)))
	if err != nil {
		return nil, ownersError(err)
	}
	return LinkWeChat200JSONResponse(userReply(ctx, user)), nil
}

// UnlinkWeChat answers DELETE /api/user/wechat/{app_id}.
func (h *handler) UnlinkWeChat(ctx context.Context, request UnlinkWeChatRequestObject) (UnlinkWeChatResponseObject, error) {
	user, err := h.use.UnlinkWeChat.Do(ctx, ownerOf(ctx), domain.AppID(request.AppId))
	if err != nil {
		return nil, ownersError(err)
	}
	return UnlinkWeChat200JSONResponse(userReply(ctx, user)), nil
}

// MergeAccounts answers POST /api/user/merge.
func (h *handler) MergeAccounts(ctx context.Context, request MergeAccountsRequestObject) (MergeAccountsResponseObject, error) {
	user, err := h.use.Merge.Do(ctx, ownerOf(ctx), domain.NewSecret(request.Body.Token))
	if err != nil {
		return nil, ownersError(err)
	}
	return MergeAccounts200JSONResponse(userReply(ctx, user)), nil
}

// ownerOf is the caller as one who changes their own account.
func ownerOf(ctx context.Context) account.Caller {
	x := exchangeOf(ctx)
	return account.Caller{UserID: x.caller.UserID, SessionID: x.caller.SessionID, IP: x.clientIP, RequestID: x.id}
}

// ownersError tells owners whose account went while they asked that their session has ended, and not that something was not
// found. Both errors have one reason, so it is the variable that counts.
func ownersError(err error) error {
	if known, ok := errors.AsType[*domain.Error](err); ok && known == domain.ErrUserNotFound {
		return domain.ErrSessionEnded
	}
	return err
}
