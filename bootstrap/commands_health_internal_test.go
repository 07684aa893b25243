package bootstrap

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthNamesWhatIsDown(t *testing.T) {
	t.Parallel()
	const unready = `{"dependencies":[{"name":"database","status":"down"},{"name":"sessions","status":"up"},{"name":"events","status":"down"}],"status":"unready"}`
	for _, c := range []struct{ body, want string }{
		{unready, "503 Service Unavailable; down: database, events"},
		{`{"status":"draining"}`, "503 Service Unavailable"},
		{"<html>", "503 Service Unavailable"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(c.body))
		}))
		err := askHealth(t.Context(), server.URL)
		server.Close()
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q at the end", c.body, err, c.want)
		}
	}
}
