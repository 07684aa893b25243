package httpapi

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/menjin-id/menjin/domain"
)

func TestAnswerBrokenByAPanicIsCutOff(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	handler := slog.NewTextHandler(&log, nil)
	s := &Server{
		router: newRouter(), log: slog.New(handler), access: handler, timeout: time.Minute, clientIP: clientIP(nil),
		newID: func() domain.ID { return domain.ID{} }, metrics: newMetrics(), readiness: newReadiness(nil, slog.New(handler)),
	}
	s.router.GET("/half", func(c echo.Context) error {
		c.Response().Header().Set("Content-Length", "10")
		_, _ = io.WriteString(c.Response(), "half")
		c.Response().Flush()
		panic("broken")
	})
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.Start()
	defer server.Close()

	response, err := http.Get(server.URL + "/half")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("the answer seems whole: %q", body)
	}
	server.Close()
	for _, want := range []string{"panic in handler", "msg=request", "status=200"} {
		if !bytes.Contains(log.Bytes(), []byte(want)) {
			t.Errorf("log lacks %q:\n%s", want, &log)
		}
	}
}
