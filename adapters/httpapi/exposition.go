package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

const expositionPath = "/metrics"

// registerExposition serves the metrics in the format of those who scrape them.
func (g *guardedRoutes) registerExposition(exposition http.Handler) {
	g.GET(expositionPath, func(c echo.Context) error {
		if exposition == nil {
			return errNotFound
		}
		exposition.ServeHTTP(&exchangeOf(c.Request().Context()).writer, c.Request())
		return nil
	})
}
