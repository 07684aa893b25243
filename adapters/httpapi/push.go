package httpapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

const (
	pushPath  = "/wechat/push/"
	pushRoute = pushPath + ":app_id"
)

// registerPush serves what WeChat pushes by a handler of its own, which knows WeChat's signatures and formats. Reading a body
// that is too large ends with *http.MaxBytesError. HEAD is not answered: WeChat's questions are good for one answer.
func (g *guardedRoutes) registerPush(push http.Handler) {
	serve := func(c echo.Context) error {
		r := c.Request()
		// Echo lets a last parameter match all the rest.
		if push == nil || strings.Contains(strings.TrimPrefix(r.URL.Path, pushPath), "/") {
			return errNotFound
		}
		x := exchangeOf(r.Context())
		r.Body = http.MaxBytesReader(x.writer.ResponseWriter, r.Body, maxBody)
		push.ServeHTTP(&x.writer, r)
		return nil
	}
	g.Echo.GET(pushRoute, g.guard(http.MethodGet, pushRoute, serve))
	g.POST(pushRoute, serve)
}
