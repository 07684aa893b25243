package httpapi

import (
	"context"

	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// BindPhone answers POST /api/user/phone.
func (h *handler) BindPhone(ctx context.Context, request BindPhoneRequestObject) (BindPhoneResponseObject, error) {
	asked, err := phoneInput(request.Body)
	if err != nil {
		return nil, err
	}
	user, err := h.use.BindPhone.Do(ctx, ownerOf(ctx), asked)
	if err != nil {
		return nil, ownersError(err)
	}
	return BindPhone200JSONResponse(userReply(ctx, user)), nil
}

// phoneInput takes one form or the other, and refuses a mixture, of which the caller could mean either.
func phoneInput(body *BindPhoneRequest) (personal.PhoneInput, error) {
	code, data, iv := said(body.Code), said(body.EncryptedData), said(body.Iv)
	switch {
	case code != "" && data+iv != "":
		return personal.PhoneInput{}, invalid("encrypted_data", "unknown", text{"不能与 code 同时给出", "is not taken together with code"})
	case code == "" && data+iv == "":
		return personal.PhoneInput{}, invalid("code", "required", text{"须给出 code,或 encrypted_data 与 iv", "is required, or encrypted_data and iv are"})
	case code == "" && data == "":
		return personal.PhoneInput{}, invalid("encrypted_data", "required", rules["required"])
	case code == "" && iv == "":
		return personal.PhoneInput{}, invalid("iv", "required", rules["required"])
	}
	return personal.PhoneInput{
		AppID: domain.AppID(said(body.AppId)), Code: domain.NewSecret(code),
		Data: ports.EncryptedData{Data: domain.NewSecret(data), IV: iv},
	}, nil
}

// UnbindPhone answers DELETE /api/user/phone.
func (h *handler) UnbindPhone(ctx context.Context, _ UnbindPhoneRequestObject) (UnbindPhoneResponseObject, error) {
	user, err := h.use.UnbindPhone.Do(ctx, ownerOf(ctx))
	if err != nil {
		return nil, ownersError(err)
	}
	return UnbindPhone200JSONResponse(userReply(ctx, user)), nil
}

// TakeWeChatProfile answers POST /api/user/wechat/profile.
func (h *handler) TakeWeChatProfile(ctx context.Context, request TakeWeChatProfileRequestObject) (TakeWeChatProfileResponseObject, error) {
	raw, signature := said(request.Body.RawData), said(request.Body.Signature)
	switch {
	case raw == "" && signature != "":
		return nil, invalid("raw_data", "required", text{"须与 signature 同时给出", "is required with signature"})
	case raw != "" && signature == "":
		return nil, invalid("signature", "required", text{"须与 raw_data 同时给出", "is required with raw_data"})
	}
	user, err := h.use.TakeProfile.Do(ctx, ownerOf(ctx), personal.ProfileInput{
		AppID: domain.AppID(said(request.Body.AppId)), RawData: domain.NewSecret(raw), Signature: signature,
		Data: ports.EncryptedData{Data: domain.NewSecret(request.Body.EncryptedData), IV: request.Body.Iv},
	})
	if err != nil {
		return nil, ownersError(err)
	}
	return TakeWeChatProfile200JSONResponse(userReply(ctx, user)), nil
}

// DeleteUser answers DELETE /api/user.
func (h *handler) DeleteUser(ctx context.Context, _ DeleteUserRequestObject) (DeleteUserResponseObject, error) {
	if err := h.use.Delete.Do(ctx, ownerOf(ctx)); err != nil {
		return nil, ownersError(err)
	}
	return DeleteUser200JSONResponse{doneReply(ctx)}, nil
}
