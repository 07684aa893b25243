// Package secrets_test sees that the scanner finds what somebody commits by mistake. Its module is that of the scanner alone.
package secrets_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// scan looks through a folder with one file, by the rules of the project.
func scan(t *testing.T, text string) (leaks bool) {
	t.Helper()
	rules, err := filepath.Abs("../../.gitleaks.toml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "settings.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "tool", "gitleaks", "dir", "--no-banner", "--redact", "--config", rules, dir).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return true
	}
	if err != nil {
		t.Fatalf("scan: %v\n%s", err, out)
	}
	return false
}

// random is as long as keys are: of something short the scanner sometimes holds that nobody would call it random.
func random() string {
	var text [32]byte
	_, _ = rand.Read(text[:])
	return base64.RawURLEncoding.EncodeToString(text[:])
}

func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"app secret":      "app_secret: " + random() + "\n",
		"beside a test's": "app_secret: 5f2b7c19e0d84a63b1c7f4d2e98a0c36\nother_secret: " + random() + "\n",
		"private key":     "-----BEGIN PRIVATE KEY-----\n" + random() + random() + random() + "\n-----END PRIVATE KEY-----\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !scan(t, text) {
				t.Error("it was not found")
			}
		})
	}
}

func TestMadeUpValuesAreLeftAlone(t *testing.T) {
	t.Parallel()
	if scan(t, "app_secret: 5f2b7c19e0d84a63b1c7f4d2e98a0c36\nrefresh_token: AZOlsHweehqbPE1eb3CBkgGTpbB8H34AihssPU5fYHE\n") {
		t.Error("a value that is listed was found")
	}
}
