package verifier_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/menjin-id/menjin/clients/go/verifier"
)

// service stands for Menjin: it publishes a key and signs a token with it.
func service() (keys *httptest.Server, token string) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	keys = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA", "x": %q}]}`,
			base64.RawURLEncoding.EncodeToString(public))
	}))
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": "menjin", "aud": "menjin", "sub": "user-1", "sid": "session-1", "jti": "token-1", "roles": []string{"user"},
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	unsigned.Header["kid"] = "k1"
	if token, err = unsigned.SignedString(private); err != nil {
		panic(err)
	}
	return keys, token
}

func ExampleVerifier_Middleware() {
	keys, token := service()
	defer keys.Close()

	v := verifier.New(keys.URL, verifier.Options{}) // with Feed: js, and go v.Run(ctx), in earnest
	orders := v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := verifier.FromContext(r.Context())
		fmt.Fprintln(w, "orders of", caller.UserID, "admin:", caller.HasRole("admin"))
	}))

	for _, authorization := range []string{"Bearer " + token, "Bearer forged", ""} {
		request, answer := httptest.NewRequest(http.MethodGet, "/orders", nil), httptest.NewRecorder()
		request.Header.Set("Authorization", authorization)
		orders.ServeHTTP(answer, request)
		fmt.Print(answer.Code, " ", answer.Body)
	}
	// Output:
	// 200 orders of user-1 admin: false
	// 401 {"code":401,"message":"Unauthorized","reason":"TOKEN_INVALID"}
	// 401 {"code":401,"message":"Unauthorized","reason":"TOKEN_MISSING"}
}
