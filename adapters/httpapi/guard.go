package httpapi

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"
)

// guardedRoutes registers the generated routes, each behind what the contract says of it.
type guardedRoutes struct {
	*echo.Echo
	server   *Server
	contract *contract
	err      error
}

// GET registers HEAD with it; net/http leaves the body out.
func (g *guardedRoutes) GET(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	guarded := g.guard(http.MethodGet, path, h)
	g.Echo.HEAD(path, guarded)
	return g.Echo.GET(path, guarded)
}

// POST shadows Echo's, as do the others.
func (g *guardedRoutes) POST(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return g.Echo.POST(path, g.guard(http.MethodPost, path, h))
}

// PUT shadows Echo's.
func (g *guardedRoutes) PUT(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return g.Echo.PUT(path, g.guard(http.MethodPut, path, h))
}

// DELETE shadows Echo's.
func (g *guardedRoutes) DELETE(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return g.Echo.DELETE(path, g.guard(http.MethodDelete, path, h))
}

// PATCH shadows Echo's.
func (g *guardedRoutes) PATCH(path string, h echo.HandlerFunc, _ ...echo.MiddlewareFunc) *echo.Route {
	return g.Echo.PATCH(path, g.guard(http.MethodPatch, path, h))
}

var pathParameter = regexp.MustCompile(`:(\w+)`)

// guard keeps the rate and lets the caller in, where the contract wants it, before h runs.
func (g *guardedRoutes) guard(method, path string, h echo.HandlerFunc) echo.HandlerFunc {
	op, found := g.contract.operations[method+" "+pathParameter.ReplaceAllString(path, "{$1}")]
	if !found {
		g.err = fmt.Errorf("route %s %s is not in the contract", method, path)
		return nil
	}
	check := g.server.use.CheckSession
	allowed, err := g.server.rates.allowance(op.limit)
	if err != nil {
		g.err = fmt.Errorf("route %s %s: %w", method, path, err)
		return nil
	}
	op.metrics = g.server.metrics.route(method, op.path, signInMethods[method+" "+op.path])
	return func(c echo.Context) error {
		x := exchangeOf(c.Request().Context())
		x.operation = op
		if err := x.spend(allowed); err != nil {
			return err
		}
		if !op.public {
			if err := x.authenticate(check); err != nil {
				return err
			}
		}
		if x.taken() {
			return x.traced(c, h)
		}
		return h(c)
	}
}
