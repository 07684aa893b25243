package httpapi

import (
	"context"

	"github.com/menjin-id/menjin/domain"
)

// RefreshToken answers POST /api/token/refresh.
func (h *handler) RefreshToken(ctx context.Context, request RefreshTokenRequestObject) (RefreshTokenResponseObject, error) {
	x := exchangeOf(ctx)
	result, err := h.use.Refresh.Do(ctx, domain.NewSecret(request.Body.RefreshToken))
	if err != nil {
		return nil, err
	}
	x.letIn(result.RefreshToken.UserID, result.SessionID)
	return RefreshToken200JSONResponse{
		Code: TokensResponseCodeN200, Message: done.in(x.language()), RequestId: x.id, Data: Tokens{
			Token:            result.Token.Reveal(),
			TokenType:        TokensTokenTypeBearer,
			ExpiresIn:        int64(result.ExpiresIn.Seconds()),
			RefreshToken:     result.RefreshToken.Reveal(),
			RefreshExpiresIn: int64(result.RefreshExpiresIn.Seconds()),
			SessionId:        result.SessionID.String(),
		},
	}, nil
}
