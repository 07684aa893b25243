package bootstrap_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/domain"
)

// object is a part of a token, or a key.
type object map[string]any

func (o object) with(changes object) object {
	changed := maps.Clone(o)
	maps.Copy(changed, changes)
	return changed
}

type signer func(text []byte) []byte

// forge puts a token together.
func forge(t *testing.T, header, claims object, sign signer) string {
	t.Helper()
	part := func(o object) string {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(header) + "." + part(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(text)))
}

func takeApart(t *testing.T, token string) (header, claims object) {
	t.Helper()
	parts := strings.Split(token, ".")
	for i, into := range []*object{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func hmacWith(secret []byte) signer {
	return func(text []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(text)
		return mac.Sum(nil)
	}
}

func signWith(private ed25519.PrivateKey) signer {
	return func(text []byte) []byte { return ed25519.Sign(private, text) }
}

func noSignature([]byte) []byte { return nil }

// stolenKey reads the key that signs from where the service keeps it, for a test that wants to sign what the service would not.
func (p *program) stolenKey() ed25519.PrivateKey {
	p.tb.Helper()
	keyset, err := os.ReadFile(filepath.Join(p.settings["data_dir"], "keys", "vault.json"))
	if err != nil {
		p.tb.Fatal(err)
	}
	master, err := vault.NewLocalMaster(domain.NewSecret(string(keyset)))
	if err != nil {
		p.tb.Fatal(err)
	}
	cipher := vault.New(time.Now)
	db, err := sqlstore.Open(p.tb.Context(), sqlstore.Options{
		URL: domain.NewSecret("sqlite:" + filepath.Join(p.settings["data_dir"], "menjin.db")), Cipher: cipher, Codec: cloudevent.New(),
	})
	if err != nil {
		p.tb.Fatal(err)
	}
	defer db.Close()
	log := slog.New(slog.DiscardHandler)
	keeper := datakey.NewKeeper(sqlstore.NewDataKeys(db), cipher, master, datakey.KeeperOptions{}, time.Now, log)
	if err := keeper.Load(p.tb.Context()); err != nil {
		p.tb.Fatal(err)
	}
	keys, err := sqlstore.NewSigningKeys(db).All(p.tb.Context())
	if err != nil || len(keys) != 1 {
		p.tb.Fatalf("signing keys: got %d (%v), want 1", len(keys), err)
	}
	block, _ := pem.Decode([]byte(keys[0].PEM.Reveal()))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		p.tb.Fatal(err)
	}
	return parsed.(ed25519.PrivateKey)
}

func TestForgedTokenIsInvalid(t *testing.T) {
	t.Parallel()
	p := start(t, local(t))
	private := p.stolenKey()
	victim, thief := p.login(p.sandboxCode("victim")), p.login(p.sandboxCode("thief"))
	header, claims := takeApart(t, victim.Token)
	_, foreign, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.check(forge(t, header, claims, signWith(private)), http.StatusNoContent, "") // else the forgeries prove nothing
	p.check("", http.StatusUnauthorized, "TOKEN_MISSING")
	p.check(forge(t, header, claims.with(object{"exp": time.Now().Unix() - 1}), signWith(private)), http.StatusUnauthorized, "TOKEN_EXPIRED")

	forgeries := map[string]string{
		"unknown kid":       forge(t, header.with(object{"kid": "mine"}), claims, signWith(foreign)),
		"own kid, no kid":   forge(t, object{"alg": "EdDSA", "typ": "JWT"}, claims, signWith(foreign)),
		"known kid":         forge(t, header, claims, signWith(foreign)),
		"embedded jwk":      forge(t, header.with(object{"jwk": jwkOf(foreign)}), claims, signWith(foreign)),
		"embedded jwk, kid": forge(t, header.with(object{"jwk": jwkOf(foreign), "kid": "mine"}), claims, signWith(foreign)),
		"jku":               forge(t, header.with(object{"jku": p.api + "/.well-known/jwks.json", "kid": "mine"}), claims, signWith(foreign)),
		"other subject":     forge(t, header, claims.with(object{"sub": thief.User.ID}), signatureOf(t, victim.Token)),
		"other issuer":      forge(t, header, claims.with(object{"iss": "elsewhere"}), signWith(private)),
		"other audience":    forge(t, header, claims.with(object{"aud": "elsewhere"}), signWith(private)),
		"later expiry":      forge(t, header, claims.with(object{"exp": time.Now().Unix() + 86400}), signatureOf(t, victim.Token)),
		"no expiry":         forge(t, header, claims.with(object{"exp": nil}), signWith(private)),
		"nonsense":          "nonsense",
		"cut off":           victim.Token[:len(victim.Token)-4],
	}
	for _, alg := range []string{"none", "None", "NONE", ""} {
		forgeries["alg "+alg] = forge(t, header.with(object{"alg": alg}), claims, noSignature)
	}
	for name, secret := range publicKeyTexts(t, p, private) {
		forgeries["HS256 over "+name] = forge(t, header.with(object{"alg": "HS256"}), claims, hmacWith(secret))
	}
	for name, token := range forgeries {
		for _, path := range []string{"/api/auth/check", "/api/user/info"} {
			r := p.call(http.MethodGet, path, token, nil)
			if r.Status != http.StatusUnauthorized || r.Reason != "TOKEN_INVALID" {
				t.Errorf("%s on %s: got %s, want 401 TOKEN_INVALID", name, path, r)
			}
		}
	}
	// Whoever had the key could still not ride on somebody else's session.
	mixed := p.call(http.MethodGet, "/api/auth/check", forge(t, header, claims.with(object{"sub": thief.User.ID}), signWith(private)), nil)
	if mixed.Status != http.StatusUnauthorized {
		t.Errorf("one's subject with another's session: got %s, want 401", mixed)
	}
}

func jwkOf(private ed25519.PrivateKey) object {
	x := base64.RawURLEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	return object{"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "use": "sig"}
}

// signatureOf keeps the signature of a real token whatever is put before it.
func signatureOf(t *testing.T, token string) signer {
	t.Helper()
	signature, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
	if err != nil {
		t.Fatal(err)
	}
	return func([]byte) []byte { return signature }
}

// publicKeyTexts are the forms in which an attacker may take the public key for a shared secret.
func publicKeyTexts(t *testing.T, p *program, private ed25519.PrivateKey) map[string][]byte {
	t.Helper()
	var set struct{ Keys []object }
	jwks := p.call(http.MethodGet, "/.well-known/jwks.json", "", nil).Body
	if err := json.Unmarshal(jwks, &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("JWKS: got %s (%v), want one key", jwks, err)
	}
	x := set.Keys[0]["x"].(string)
	if want := jwkOf(private)["x"]; x != want {
		t.Fatalf("JWKS: got key %s, want the one that signs %s", x, want)
	}
	if _, leaks := set.Keys[0]["d"]; leaks {
		t.Error("JWKS holds the private key")
	}
	raw, der := private.Public().(ed25519.PublicKey), mustDER(t, private)
	jwk, err := json.Marshal(set.Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"the raw key": raw, "its base64": []byte(x), "its JWK": jwk, "the JWKS": jwks, "its DER": der,
		"its PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "nothing": nil,
	}
}

func mustDER(t *testing.T, private ed25519.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}
