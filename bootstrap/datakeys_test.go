package bootstrap_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fieldLine = regexp.MustCompile(`(?m)^field \d+ +\S+T\S+ +`)

func TestDataKeysAreListedRotatedAndCountedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		in := p.login(p.sandboxCode("alice"))
		says(t, s, []string{"keys", "reencrypt"}, "encrypted fields are under the newest key")
		if out := says(t, s, []string{"keys", "list", "--count"}, "seals", "index", "Version 1, wrapped by the master key file"); len(fieldLine.FindAllString(out, -1)) != 1 {
			t.Errorf("field keys at first: want one\n%s", out)
		}
		out := says(t, s, []string{"keys", "rotate", "--fields", "--index"}, "seals from", "is being replaced, step 1 of 5")
		if len(fieldLine.FindAllString(out, -1)) != 2 || len(keyLine.FindAllString(out, -1)) != 1 {
			t.Errorf("keys after a rotation of fields: want two of fields and one of tokens\n%s", out)
		}
		says(t, s, []string{"keys", "rotate", "--master"}, "Version 4")
		p.check(in.Token, http.StatusNoContent, "")
		again := p.login(p.sandboxCode("alice"))
		p.check(p.refresh(in.RefreshToken).Token, http.StatusNoContent, "")
		p.check(again.Token, http.StatusNoContent, "")
	})
}

func TestMasterKeyIsReplacedAndTheOldOneIsOfNoUseThen(t *testing.T) {
	t.Parallel()
	s, folder := local(t), t.TempDir()
	generate := func(name string, args ...string) string {
		path := filepath.Join(folder, name)
		says(t, s, append([]string{"keys", "new", "--out", path}, args...))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := generate("first")
	s["vault.keyset"] = first
	p := start(t, s)
	before := p.login(p.sandboxCode("alice"))
	p.kill()

	s["vault.keyset"] = generate("second", "--after", filepath.Join(folder, "first"))
	says(t, s, []string{"keys", "rotate", "--master"}, "Version 2")
	p = start(t, s)
	p.check(before.Token, http.StatusNoContent, "")
	if again := p.login(p.sandboxCode("alice")); again.IsNewUser {
		t.Error("after the master key was replaced nobody is recognised")
	}
	p.kill()

	s["vault.keyset"] = first
	if status, _, log := run(t, s, "keys", "list"); status != 1 || !strings.Contains(log, "vault.keyset") {
		t.Errorf("with the master key before: exit status %d, want 1 and the setting\n%s", status, log)
	}
}
