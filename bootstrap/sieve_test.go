package bootstrap_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// sieve holds what passed by in one test that must show up nowhere, and finds it in what the programs of the test have left.
// What is sent and answered enters it by itself. It is for concurrent use.
type sieve struct {
	mu      sync.Mutex
	texts   map[string]string // what each text is
	index   *secretIndex      // of the first so many texts
	indexed int
	folders map[string]bool
}

var sieves sync.Map

// sieveOf returns the sieve that a test and its subtests have in common.
func sieveOf(tb testing.TB) *sieve {
	tb.Helper()
	root, _, _ := strings.Cut(tb.Name(), "/")
	one, _ := sieves.LoadOrStore(root, newSieve())
	return one.(*sieve) //nolint:forcetypeassert // nothing else is stored
}

func newSieve() *sieve {
	return &sieve{texts: map[string]string{}, folders: map[string]bool{}}
}

// keep remembers a secret. One too short to be told from chance is let go.
func (s *sieve) keep(what, text string) {
	if len(text) < shortestSecret {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[text] = what
}

// find names the secrets that lie in content, as they are or encoded.
func (s *sieve) find(content []byte) []string {
	s.mu.Lock()
	if s.index == nil || s.indexed != len(s.texts) {
		s.index, s.indexed = newSecretIndex(s.texts), len(s.texts)
	}
	index := s.index
	s.mu.Unlock()
	return index.find(content)
}

// fieldsOf matches fields of JSON, also of one that breaks off.
func fieldsOf(names ...string) *regexp.Regexp {
	return regexp.MustCompile(`"(` + strings.Join(names, "|") + `)":\s*("(?:[^"\\]|\\.)*")`)
}

var (
	fieldsSent = fieldsOf("code", "token", "refresh_token", "password", "old_password", "new_password", "email", "username",
		"encrypted_data", "raw_data")
	fieldsAnswered = fieldsOf("token", "refresh_token")
	fieldsOfWeChat = fieldsOf("openid", "unionid", "session_key", "access_token", "phoneNumber", "purePhoneNumber")
)

// keepFields remembers what stands in the fields of a message.
func (s *sieve) keepFields(fields *regexp.Regexp, message []byte) {
	for _, found := range fields.FindAllSubmatch(message, -1) {
		var text string
		name := string(found[1])
		if json.Unmarshal(found[2], &text) != nil || name == "username" && !strings.Contains(text, "@") {
			continue // a username is no secret, an e-mail in its place is
		}
		s.keep(name, text)
		if strings.Contains(text, "@") {
			s.keep(name, strings.ToLower(text))
		}
	}
}

// keepToken remembers what a request proves itself with.
func (s *sieve) keepToken(request *http.Request) {
	if token, found := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer "); found {
		s.keep("token", token)
	}
}

// keepPerson remembers what a look-alike knows of somebody.
func (s *sieve) keepPerson(w *wechatsandbox.Server, app, person string) {
	s.keep("openid", w.OpenID(app, person))
	s.keep("unionid", w.UnionID(person))
	s.keep("phone number", w.PhoneNumber(person))
}

// keepSettings remembers the secrets that a program is configured with.
func (s *sieve) keepSettings(given settings) {
	for _, key := range []string{
		"wechat.app_secret", "wechat.push_token", "wechat.push_aes_key", "vault.keyset", "vault.pin", "vault.token",
		"traces.headers",
	} {
		s.keep(key, given[key])
	}
}

// report fails tb when a secret lies in content.
func (s *sieve) report(tb testing.TB, where string, content []byte) {
	tb.Helper()
	if found := s.find(content); len(found) > 0 {
		tb.Errorf("%s: got %v in it, want no secret", where, found)
	}
}

// watchFolder looks through a data folder at the end of the test that is the first to use it, when its programs are gone.
func (s *sieve) watchFolder(tb testing.TB, folder string) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if folder == "" || s.folders[folder] {
		return
	}
	s.folders[folder] = true
	tb.Cleanup(func() { s.reportFolder(tb, folder) })
}

// reportFolder leaves out the keys, which are where they belong.
func (s *sieve) reportFolder(tb testing.TB, folder string) {
	tb.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case entry.IsDir() && path == filepath.Join(folder, "keys"):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		s.report(tb, path, content)
		return err
	})
	if err != nil {
		tb.Errorf("look through %s: %v", folder, err)
	}
}
