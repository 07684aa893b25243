package tokens

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"strings"
	"testing"
)

func decode(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The signatures are those of RFC 8037, appendix A.4, and RFC 7515, appendix A.3.
func TestPublishedSignaturesVerify(t *testing.T) {
	t.Parallel()
	p256, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), decode(t, "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"))
	if err != nil {
		t.Fatal(err)
	}
	for name, vector := range map[string]struct {
		public any
		token  string
	}{
		"EdDSA": {
			ed25519.NewKeyFromSeed(decode(t, "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")).Public(),
			"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." +
				"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
		},
		"ES256": {
			&p256.PublicKey,
			"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ." +
				"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
		},
	} {
		key, err := newVerifyKey(vector.public)
		if err != nil {
			t.Fatal(err)
		}
		dot := strings.LastIndexByte(vector.token, '.')
		if err := key.method.Verify(vector.token[:dot], decode(t, vector.token[dot+1:]), key.public); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := key.method.Verify(vector.token[:dot]+"x", decode(t, vector.token[dot+1:]), key.public); err == nil {
			t.Errorf("%s: a changed text was accepted", name)
		}
	}
}
