package httpapi

import (
	"context"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
)

// LoginPassword answers POST /api/login/password.
func (h *handler) LoginPassword(ctx context.Context, request LoginPasswordRequestObject) (LoginPasswordResponseObject, error) {
	x := exchangeOf(ctx)
	device, err := deviceOf(request.Body.Device)
	if err != nil {
		return nil, err
	}
	result, err := h.use.SignInWithPassword.Do(ctx, signin.PasswordInput{
		Login: normalised(request.Body.Username), Password: domain.NewSecret(request.Body.Password),
		Device: device, IP: x.clientIP,
	})
	if err != nil {
		return nil, err
	}
	x.letIn(result.User.ID(), result.SessionID)
	return LoginPassword200JSONResponse{
		Code: LoginResponseCodeN200, Message: signedIn.in(x.language()), RequestId: x.id, Data: loginResult(result),
	}, nil
}

// Register answers POST /api/register.
func (h *handler) Register(ctx context.Context, request RegisterRequestObject) (RegisterResponseObject, error) {
	x := exchangeOf(ctx)
	account, err := accountOf(request.Body)
	device, invalid := deviceOf(request.Body.Device)
	if err := joined(err, invalid); err != nil {
		return nil, err
	}
	result, err := h.use.Register.Do(ctx, signin.RegisterInput{Account: account, Device: device, IP: x.clientIP})
	if err != nil {
		return nil, err
	}
	x.letIn(result.User.ID(), result.SessionID)
	x.newUser = result.IsNewUser
	return Register201JSONResponse{
		Code: RegisterResponseCodeN201, Message: registered.in(x.language()), RequestId: x.id, Data: loginResult(result),
	}, nil
}

func accountOf(body *RegisterRequest) (signin.Account, error) {
	username, badName := usernameOf(body.Username)
	password, badPassword := domain.NewPassword("password", body.Password, username)
	email, badEmail := given(body.Email, emailOf)
	return signin.Account{Username: username, Password: password, Email: email}, joined(badName, badPassword, badEmail)
}
