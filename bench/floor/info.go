package floor

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// fixedRequestID stands for the one of a request, so that responses are as long as the service's.
const fixedRequestID = "0193e5a0-0000-7000-8000-000000000000"

type envelope struct {
	Code      int    `json:"code"`
	Message   string `json:"message"`
	Data      any    `json:"data"`
	RequestID string `json:"request_id"`
}

type user struct {
	ID        string    `json:"id"`
	Username  *string   `json:"username"`
	Nickname  *string   `json:"nickname"`
	AvatarURL *string   `json:"avatar_url"`
	Email     *string   `json:"email"`
	Phone     *string   `json:"phone"`
	Roles     []string  `json:"roles"`
	Status    int16     `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	WeChat    []link    `json:"wechat"`
}

type link struct {
	AppID    string    `json:"app_id"`
	LinkedAt time.Time `json:"linked_at"`
}

const columns = `SELECT u.id, u.status, u.created_at, u.updated_at, i.app_id, i.linked_at FROM users u JOIN identities i ON i.user_id = u.id`

// info is GET /api/user/info: the check, and one read that goes by an index.
func (p *program) info(c echo.Context) error {
	caller, err := p.authenticate(c)
	if err != nil {
		return err
	}
	found, err := p.read(c.Request().Context(), columns+" WHERE u.id = $1", caller.user)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, envelope{http.StatusOK, "操作成功", found, fixedRequestID})
}

func (p *program) read(ctx context.Context, statement string, args ...any) (*user, error) {
	var (
		id      uuid.UUID
		found   user
		linked  link
		targets = []any{&id, &found.Status, &found.CreatedAt, &found.UpdatedAt, &linked.AppID, &linked.LinkedAt}
	)
	if err := p.database.QueryRow(ctx, statement, args...).Scan(targets...); err != nil {
		return nil, err
	}
	found.ID, found.Roles, found.WeChat = id.String(), []string{"user"}, []link{linked}
	return &found, nil
}
