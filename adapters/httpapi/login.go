package httpapi

import (
	"context"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
)

// Login answers POST /api/login.
func (h *handler) Login(ctx context.Context, request LoginRequestObject) (LoginResponseObject, error) {
	x := exchangeOf(ctx)
	device, err := deviceOf(request.Body.Device)
	if err != nil {
		return nil, err
	}
	result, err := h.use.SignInWithWeChat.Do(ctx, signin.WeChatInput{
		Code: domain.NewSecret(request.Body.Code), AppID: domain.AppID(said(request.Body.AppId)),
		Device: device, IP: x.clientIP,
	})
	if err != nil {
		return nil, err
	}
	x.letIn(result.User.ID(), result.SessionID)
	x.newUser = result.IsNewUser
	return Login200JSONResponse{
		Code: LoginResponseCodeN200, Message: signedIn.in(x.language()), RequestId: x.id, Data: loginResult(result),
	}, nil
}

// letIn names in the access line whom a public route let in.
func (x *exchange) letIn(user domain.UserID, session domain.SessionID) {
	x.userID, x.sessionID = user.String(), session.String()
}

func loginResult(result signin.Result) LoginResult {
	return LoginResult{
		Token:            result.Token.Reveal(),
		TokenType:        LoginResultTokenTypeBearer,
		ExpiresIn:        int64(result.ExpiresIn.Seconds()),
		RefreshToken:     result.RefreshToken.Reveal(),
		RefreshExpiresIn: int64(result.RefreshExpiresIn.Seconds()),
		SessionId:        result.SessionID.String(),
		IsNewUser:        result.IsNewUser,
		User:             userOf(result.User),
	}
}

func deviceOf(device *Device) (domain.Device, error) {
	if device == nil {
		return domain.Device{}, nil
	}
	return domain.NewDevice(said(device.Id), said(device.Model), said(device.Platform), said(device.System))
}

// said is an optional text, empty when it was left out.
func said(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
