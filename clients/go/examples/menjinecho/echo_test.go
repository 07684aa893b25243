package menjinecho_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v4"

	"github.com/menjin-id/menjin/clients/go/examples/menjinecho"
	"github.com/menjin-id/menjin/clients/go/verifier"
)

func Example() {
	v := verifier.New("https://id.example.com/.well-known/jwks.json", verifier.Options{})
	e := echo.New()
	e.Use(menjinecho.Middleware(v))
	e.GET("/orders", func(c echo.Context) error {
		caller, _ := verifier.FromContext(c.Request().Context())
		return c.String(http.StatusOK, caller.UserID)
	})

	answer := httptest.NewRecorder()
	e.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/orders", nil))
	fmt.Print(answer.Code, " ", answer.Body)
	// Output: 401 {"code":401,"message":"Unauthorized","reason":"TOKEN_MISSING"}
}
