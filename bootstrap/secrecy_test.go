package bootstrap_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/internal/testserver"
)

// secrets are texts that must show up nowhere, each with what it is.
type secrets map[string]string

// in names the secrets that lie in content, as they are or encoded.
func (s secrets) in(content []byte) []string {
	var found []string
	for what, text := range s {
		raw := []byte(text)
		forms := [][]byte{
			raw, []byte(hex.EncodeToString(raw)), []byte(base64.StdEncoding.EncodeToString(raw)),
			[]byte(base64.RawURLEncoding.EncodeToString(raw)),
		}
		if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) == 16 {
			forms = append(forms, key) // a session_key as bytes
		}
		for _, form := range forms {
			if bytes.Contains(content, form) {
				found = append(found, what)
				break
			}
		}
	}
	return found
}

// exercise lets people sign in and out and WeChat misbehave, and returns what passed by that is secret.
func (p *program) exercise(w *weChat, people int) (signIn, secrets) {
	p.tb.Helper()
	s := secrets{"app secret": testAppSecret}
	post := func(what, code string) {
		s["code of "+what] = code
		p.call(http.MethodPost, "/api/login", "", map[string]string{"code": code})
	}
	var last signIn
	for i := range people {
		person := fmt.Sprintf("person-%d", i)
		code := w.code(person)
		last = p.login(code)
		s["code of "+person], s["openid of "+person], s["unionid of "+person] = code, w.OpenID("", person), w.UnionID(person)
		s["token of "+person], s["signature of "+person] = last.Token, last.Token[strings.LastIndexByte(last.Token, '.')+1:]
		if last.RefreshToken != "" {
			s["refresh token of "+person] = last.RefreshToken
		}
		p.call(http.MethodGet, "/api/user/info", last.Token, nil)
		p.check(last.Token+"x", http.StatusUnauthorized, "TOKEN_INVALID")
		if i%2 == 0 {
			p.call(http.MethodPost, "/api/logout/all", last.Token, nil)
			p.check(last.Token, http.StatusUnauthorized, "SESSION_ENDED")
		}
		post("nobody", "0unknown"+code[8:])
		post("twice", code)
		for _, fault := range []wechatsandbox.Fault{
			{Kind: wechatsandbox.FaultReset, After: true},
			{Kind: wechatsandbox.FaultShortSessionKey},
			{Kind: wechatsandbox.FaultBrokenJSON},
			{Kind: wechatsandbox.FaultErrcode, Errcode: 40125, Errmsg: "invalid appsecret " + testAppSecret + " rid: " + testAppSecret},
			{Kind: wechatsandbox.FaultErrcode, Errcode: 99999, Errmsg: "openid " + w.OpenID("", person)},
		} {
			w.play(fault)
			post(string(fault.Kind)+fault.Errmsg, w.code(person))
			w.ClearFaults()
		}
	}
	for i, key := range w.sessionKeys() {
		s[fmt.Sprintf("session_key %d", i)] = key
	}
	return last, s
}

const traceID = "trace-7f3a9b"

func TestNothingSecretIsLoggedOrPublished(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			onEverySet(t, func(t *testing.T, s settings) {
				w := startWeChat(t)
				s = s.with(w.settings()).with(settings{"log.format": format, "log.level": "debug"})
				if format == "json" && s["events.url"] == "" { // where the events are is then not printed
					port, err := testserver.FreePort()
					if err != nil {
						t.Fatal(err)
					}
					s["events.embedded_addr"] = fmt.Sprintf("127.0.0.1:%d", port)
				}
				p := start(t, s)
				if p.events == "" {
					p.events = "nats://" + s["events.embedded_addr"]
				}
				last, secret := p.exercise(w, 3)
				p.trace()

				events := p.drained(w)
				for _, e := range events {
					content := fmt.Appendf(nil, "%s %v", e.Data, e.Header)
					if found := secret.in(content); len(found) > 0 {
						t.Errorf("event %s holds %v:\n%s", e.Type, found, content)
					}
				}
				if len(of(events, last.User.ID)) == 0 {
					t.Error("the events read are not those of the people who signed in")
				}
				p.terminate()
				p.status()
				log := p.out.String() + p.log.String()
				if found := secret.in([]byte(log)); len(found) > 0 {
					t.Errorf("the log holds %v", found)
				}
				if !strings.Contains(log, traceID) {
					t.Error("the log read is not that of the requests made")
				}
				for line := range strings.Lines(p.log.String()) {
					if format == "json" && !json.Valid([]byte(line)) {
						t.Errorf("a line of the log is no JSON: %s", line)
					}
				}
			})
		})
	}
}

// trace makes a request that can be found in the log.
func (p *program) trace() {
	p.tb.Helper()
	request, err := http.NewRequest(http.MethodGet, p.api+"/api/user/info", http.NoBody)
	if err != nil {
		p.tb.Fatal(err)
	}
	request.Header.Set("X-Request-ID", traceID)
	if _, err := p.send(request); err != nil {
		p.tb.Fatal(err)
	}
}

func TestNothingSecretLiesInTheDataFolder(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	s := local(t).with(w.settings()).with(settings{"events.signed_in": "true"})
	p := start(t, s)
	last, secret := p.exercise(w, 4)
	p.drained(w)
	p.kill() // with the write-ahead log as it is
	p.folderHolds(last, secret)

	again := start(t, s)
	again.check(again.login(w.code("person-1")).Token, http.StatusNoContent, "")
	again.terminate() // with everything written to its place
	again.status()
	again.folderHolds(last, secret)
}

// folderHolds reads every byte of the data folder. What is allowed to be there must be found, or the search proves
// nothing.
func (p *program) folderHolds(in signIn, secret secrets) {
	p.tb.Helper()
	allowed := map[string][]string{}
	err := filepath.WalkDir(p.settings["data_dir"], func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if found := secret.in(content); len(found) > 0 {
			p.tb.Errorf("%s holds %v", path, found)
		}
		name, _ := filepath.Rel(p.settings["data_dir"], path)
		allowed[strings.Split(name, string(filepath.Separator))[0]] = (secrets{"app id": testAppID, "user id": in.User.ID}).in(content)
		if strings.HasPrefix(name, "nats") && bytes.Contains(content, []byte(in.User.ID)) {
			allowed["events"] = []string{"user id"}
		}
		return nil
	})
	if err != nil {
		p.tb.Fatal(err)
	}
	if len(allowed["events"]) == 0 || len(allowed["menjin.db"])+len(allowed["menjin.db-wal"]) == 0 {
		p.tb.Errorf("the app id and the user id are found in none of %v, where they should be", allowed)
	}
}
