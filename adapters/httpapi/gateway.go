package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/menjin-id/menjin/domain"
)

// CheckAuth answers GET /api/auth/check. The caller was let in before it.
func (h *handler) CheckAuth(ctx context.Context, _ CheckAuthRequestObject) (CheckAuthResponseObject, error) {
	return authChecked{exchangeOf(ctx)}, nil
}

// authChecked does what the generated response does, for the route that is called most, without its allocations.
type authChecked struct{ x *exchange }

func (r authChecked) VisitCheckAuthResponse(w http.ResponseWriter) error {
	r.x.setHeader("X-User-Id", r.x.userID)
	r.x.setHeader("X-Session-Id", r.x.sessionID)
	r.x.setHeader("X-User-Roles", roleList(r.x.caller.Roles))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func roleList(roles []domain.Role) string {
	if len(roles) == 1 {
		return string(roles[0])
	}
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return strings.Join(names, ",")
}

// GetKeys answers GET /.well-known/jwks.json.
func (h *handler) GetKeys(ctx context.Context, _ GetKeysRequestObject) (GetKeysResponseObject, error) {
	return keyDocument{h.keys(), exchangeOf(ctx)}, nil
}

// keyDocument is a key set that is JSON already.
type keyDocument struct {
	text []byte
	x    *exchange
}

// keysKept is half of the time for which a new key is shown before it signs.
var keysKept = []string{"public, max-age=300"}

func (d keyDocument) VisitGetKeysResponse(w http.ResponseWriter) error {
	sum := sha256.Sum256(d.text)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header()["Cache-Control"] = keysKept
	w.Header()["Etag"] = []string{tag}
	if strings.Contains(d.x.request.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header()["Content-Type"] = jsonContents
	_, err := w.Write(d.text)
	return err
}
