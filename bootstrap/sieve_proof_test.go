package bootstrap_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// indulgent takes down what a test is reproached with, and lets it pass.
type indulgent struct {
	testing.TB
	reproaches []string
}

func (i *indulgent) Errorf(format string, args ...any) {
	i.reproaches = append(i.reproaches, fmt.Sprintf(format, args...))
}

func TestSieveFindsSecretsHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"token": "eyJhbGciOiJFZERTQSJ9." + strings.Repeat("eyJzdWIi", 20) + ".c2lnbmF0dXJlLW9mLXRoZS10b2tlbg", "code": "0a1b2c3d",
		"e-mail": "alice+news@example.com", "session_key": "tiihtNczf5v6AKRyjwEUhQ==", "password": `correct "horse"&battery`,
		"phone number": "13912345678", "number from abroad": "447700900123",
	} {
		secret := newSieve()
		secret.keep(what, text)
		encoded := func(encoding *base64.Encoding) string {
			return encoding.EncodeToString([]byte(`{"code":"` + text + `"}`))
		}
		for how, written := range map[string]string{
			"as it is": text, "in hex": hex.EncodeToString([]byte(text)), "in a dump": strings.ToUpper(hex.EncodeToString([]byte(text))),
			"in base64": base64.StdEncoding.EncodeToString([]byte(text)), "in base64 of more": encoded(base64.StdEncoding),
			"in base64 for URLs": encoded(base64.RawURLEncoding), "escaped": url.QueryEscape(text),
		} {
			content := "time=2026-01-01 msg=request path=/" + written + "? status=200\n"
			if found := secret.find([]byte(content)); !slices.Equal(found, []string{what}) {
				t.Errorf("%s %s: found %v, want it", what, how, found)
			}
			content = strings.ReplaceAll(content, written, written[:len(written)/2])
			if found := secret.find([]byte(content)); len(found) > 0 {
				t.Errorf("half of %s %s: found %v, want nothing", what, how, found)
			}
		}
	}
}

func TestSieveKnowsNumbersFromLongerOnes(t *testing.T) {
	t.Parallel()
	secret := newSieve()
	secret.keep("phone number", "13912345678")
	for content, want := range map[string]bool{
		`"+8613912345678"`: true, "8613912345678": true, "x13912345678": true, `\x3133393132333435363738`: true,
		"139****5678": false, "913912345678": false, "1.139123456789": false, "": false, "1391234": false,
	} {
		if got := len(secret.find([]byte(content))) > 0; got != want {
			t.Errorf("%s: found %t, want %t", content, got, want)
		}
	}
}

// What the harness takes note of by itself is all that passes by, and a leak of any of it fails the test.
func TestLeakFailsTheTestItHappensIn(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	p := start(t, local(t).with(w.settings()))
	code := w.code("alice")
	in := p.login(code)
	p.expect(http.MethodPut, "/api/user/info", in.Token, map[string]string{"email": "Alice@Example.COM"}, http.StatusOK, "")
	p.register("bob")
	p.takePhone(in, w.phoneCode("alice"))
	p.bindEncrypted(in, w.sealed("alice"))
	p.kill()
	if err := os.Remove(filepath.Join(p.settings["data_dir"], "menjin.sock")); err != nil { // it cannot be copied
		t.Fatal(err)
	}

	secret := sieveOf(t)
	for what, text := range map[string]string{
		"the code": code, "the token": in.Token, "the refresh token": in.RefreshToken, "the e-mail": "alice@example.com",
		"the password": goodPassword, "the openid": w.OpenID("", "alice"), "the unionid": w.UnionID("alice"),
		"the number": w.PhoneNumber("alice"), "the session_key": w.sessionKeys()[0], "the app secret": testAppSecret,
	} {
		wantCaught(t, what+" in the log", func(tb testing.TB) {
			secret.report(tb, "log", []byte(p.log.String()+"level=INFO msg="+text+"\n"))
		})
		folder := t.TempDir()
		if err := os.CopyFS(folder, os.DirFS(p.settings["data_dir"])); err != nil {
			t.Fatal(err)
		}
		wantClean(t, "the data folder", func(tb testing.TB) { secret.reportFolder(tb, folder) })
		leak, err := os.OpenFile(filepath.Join(folder, "menjin.db"), os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = leak.WriteString(text)
		}
		if err != nil || leak.Close() != nil {
			t.Fatal(err)
		}
		wantCaught(t, what+" in the data folder", func(tb testing.TB) { secret.reportFolder(tb, folder) })
	}
	let := &indulgent{TB: t}
	leaky := &program{tb: let, cmd: p.cmd, ended: p.ended}
	_, _ = leaky.refusals.Write([]byte("400 " + code))
	leaky.examine()
	if len(let.reproaches) != 1 || !strings.Contains(let.reproaches[0], "refusals") {
		t.Errorf("a code in an answer: got %q, want one reproach", let.reproaches)
	}
}

func wantCaught(t *testing.T, what string, look func(testing.TB)) {
	t.Helper()
	let := &indulgent{TB: t}
	if look(let); len(let.reproaches) == 0 {
		t.Errorf("%s: got no reproach, want one", what)
	}
}

func wantClean(t *testing.T, what string, look func(testing.TB)) {
	t.Helper()
	let := &indulgent{TB: t}
	if look(let); len(let.reproaches) > 0 {
		t.Errorf("%s: got %q, want nothing", what, let.reproaches)
	}
}
