package transit_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	token   = "hvs.CAESIJ-planted-token"
	keyPath = "/v1/transit/keys/menjin"
)

// engine is a transit engine with one key of type aes256-gcm96, as its HTTP API documents it: versions, associated data,
// {"errors": […]} with 400, 403 and 404.
type engine struct {
	mu       sync.Mutex
	versions []cipher.AEAD
	answer   int // instead of working; 0: work
	tokens   []string
}

func startEngine(t *testing.T) (*engine, string) {
	t.Helper()
	e := &engine{}
	e.rotate()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return e, server.URL
}

func (e *engine) rotate() {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, _ := aes.NewCipher(key)
	aead, _ := cipher.NewGCM(block)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.versions = append(e.versions, aead)
}

func (e *engine) sick(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = status
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tokens = append(e.tokens, r.Header.Get("X-Vault-Token"))
	fields := map[string]string{}
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
		refuse(w, http.StatusBadRequest, "failed to parse JSON input")
		return
	}
	associated, err := base64.StdEncoding.DecodeString(fields["associated_data"])
	switch {
	case e.answer != 0:
		refuse(w, e.answer, "planted")
	case r.Header.Get("X-Vault-Token") != token:
		refuse(w, http.StatusForbidden, "permission denied")
	case err != nil:
		refuse(w, http.StatusBadRequest, "failed to base64-decode associated_data")
	case r.URL.Path == "/v1/transit/encrypt/menjin":
		e.encrypt(w, fields["plaintext"], associated)
	case r.URL.Path == "/v1/transit/decrypt/menjin":
		e.decrypt(w, fields["ciphertext"], associated)
	case strings.HasPrefix(r.URL.Path, "/v1/transit/decrypt/"), strings.HasPrefix(r.URL.Path, "/v1/transit/encrypt/"):
		refuse(w, http.StatusBadRequest, "encryption key not found")
	default:
		refuse(w, http.StatusNotFound)
	}
}

func (e *engine) encrypt(w http.ResponseWriter, encoded string, associated []byte) {
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		refuse(w, http.StatusBadRequest, "failed to base64-decode plaintext")
		return
	}
	nonce := make([]byte, 12)
	_, _ = rand.Read(nonce)
	sealed := e.versions[len(e.versions)-1].Seal(nonce, nonce, plain, associated)
	text := fmt.Sprintf("vault:v%d:%s", len(e.versions), base64.StdEncoding.EncodeToString(sealed))
	succeed(w, map[string]any{"ciphertext": text, "key_version": len(e.versions)})
}

func (e *engine) decrypt(w http.ResponseWriter, text string, associated []byte) {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) != 3 || parts[0] != "vault" {
		refuse(w, http.StatusBadRequest, "invalid ciphertext: no prefix")
		return
	}
	version, err := strconv.Atoi(strings.TrimPrefix(parts[1], "v"))
	sealed, decodeErr := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || decodeErr != nil || version < 1 || version > len(e.versions) || len(sealed) < 12 {
		refuse(w, http.StatusBadRequest, "invalid ciphertext")
		return
	}
	plain, err := e.versions[version-1].Open(nil, sealed[:12], sealed[12:], associated)
	if err != nil {
		refuse(w, http.StatusBadRequest, "cipher: message authentication failed")
		return
	}
	succeed(w, map[string]any{"plaintext": base64.StdEncoding.EncodeToString(plain)})
}

func succeed(w http.ResponseWriter, data map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"request_id": "0b5c", "lease_duration": 0, "data": data})
}

func refuse(w http.ResponseWriter, status int, faults ...string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": append([]string{}, faults...)})
}
