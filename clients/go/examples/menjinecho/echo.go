// Package menjinecho lets an Echo service check Menjin's access tokens.
//
//	e := echo.New()
//	e.Use(menjinecho.Middleware(v))
//	e.GET("/orders", func(c echo.Context) error {
//		caller, _ := verifier.FromContext(c.Request().Context())
//		return c.String(http.StatusOK, caller.UserID)
//	})
//
// It is small enough to be copied, for the kit itself depends on no framework.
package menjinecho

import (
	"github.com/labstack/echo/v4"

	"github.com/menjin-id/menjin/clients/go/verifier"
)

// Middleware lets requests through that carry a good token, with the caller in their context, and answers the others as
// Menjin itself does.
func Middleware(v *verifier.Verifier) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			request := c.Request()
			caller, err := v.Authenticate(request.Context(), request.Header)
			if err != nil {
				verifier.Refuse(c.Response(), err)
				return nil
			}
			c.SetRequest(request.WithContext(verifier.NewContext(request.Context(), caller)))
			return next(c)
		}
	}
}
