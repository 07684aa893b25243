package transit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/transit"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestMaster(t *testing.T) {
	t.Parallel()
	portstest.MasterKey(t, func(t *testing.T) ports.MasterKey {
		_, address := startEngine(t)
		return newMaster(t, address+keyPath, token)
	})
}

const plain = "planted data keys"

func newMaster(t *testing.T, address, withToken string) *transit.Master {
	t.Helper()
	master, err := transit.New(transit.Options{URL: address, Token: domain.NewSecret(withToken)})
	if err != nil {
		t.Fatal(err)
	}
	return master
}

func TestWhatWasWrappedBeforeARotationStillOpens(t *testing.T) {
	t.Parallel()
	engine, address := startEngine(t)
	master := newMaster(t, address+keyPath, token)
	wrapped, err := master.Wrap(t.Context(), domain.NewSecret(plain), []byte("keys 1"))
	if err != nil {
		t.Fatal(err)
	}
	engine.rotate()
	got, err := master.Unwrap(t.Context(), wrapped, []byte("keys 1"))
	if err != nil || got.Reveal() != plain {
		t.Errorf("unwrap after a rotation: got %q, %v", got.Reveal(), err)
	}
	if again, err := master.Wrap(t.Context(), got, []byte("keys 1")); err != nil || !strings.HasPrefix(string(again), "vault:v2:") {
		t.Errorf("wrap after a rotation: got %.9s, %v, want vault:v2:", again, err)
	}
}

func TestAnAddressThatIsNoKeyIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "vault", "ftp://h/v1/transit/keys/k", "https:///v1/transit/keys/k", "https://u:planted@h/v1/transit/keys/k",
		"https://h/v1/transit/keys/", "https://h/v1/transit/keys/a/b", "https://h/transit/keys/k", "https://h/v1/transit/k",
		"https://h/v1/transit/keys/k?x=y", "https://h/v1/a/../transit/keys/k", "https://h:planted/v1/transit/keys/k",
	} {
		_, err := transit.New(transit.Options{URL: address, Token: domain.NewSecret(token)})
		if err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("New(%q): got %v, want a refusal that does not quote it", address, err)
		}
	}
	if _, err := transit.New(transit.Options{URL: "https://h/v1/transit/keys/k"}); err == nil {
		t.Error("New without a token: got no error")
	}
}

func TestNameSaysWhichKeyItIs(t *testing.T) {
	t.Parallel()
	master := newMaster(t, "https://vault.example.org:8200/v1/team/transit/keys/menjin", token)
	if got, want := master.Name(), "transit:vault.example.org:8200/team/transit/menjin"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFailuresSayWhoCanMendThemAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		status      int
		token       string
		path        string
		unavailable bool
		want        string
	}{
		{"sealed", 503, token, keyPath, true, "503"},
		{"broken", 500, token, keyPath, true, "500"},
		{"standby", 473, token, keyPath, true, "473"},
		{"slow down", 429, token, keyPath, true, "429"},
		{"strange", 418, token, keyPath, false, "418"},
		{"wrong token", 0, "planted-other", keyPath, false, "token"},
		{"other key", 0, token, "/v1/transit/keys/nothing", false, "no such mount or key"},
		{"other mount", 0, token, "/v1/elsewhere/keys/menjin", false, "no such mount or key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			engine, address := startEngine(t)
			engine.sick(test.status)
			master := newMaster(t, address+test.path, test.token)
			if _, err := master.Unwrap(t.Context(), []byte("vault:v1:AAAA"), nil); errors.Is(err, ports.ErrNotWrapped) ||
				errors.Is(err, ports.ErrNotAdmitted) != (test.name == "wrong token") {
				t.Errorf("unwrap: got %v", err)
			}
			_, err := master.Wrap(t.Context(), domain.NewSecret(plain), nil)
			if err == nil || errors.Is(err, domain.ErrUnavailable) != test.unavailable || !strings.Contains(err.Error(), test.want) ||
				strings.Contains(err.Error(), "planted") {
				t.Errorf("got %v, want unavailable %v and %q", err, test.unavailable, test.want)
			}
		})
	}
}

func TestAServerThatIsGoneIsUnavailable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	master := newMaster(t, server.URL+keyPath, token)
	if _, err := master.Unwrap(t.Context(), []byte("vault:v1:AAAA"), nil); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := master.Unwrap(cancelled, []byte("vault:v1:AAAA"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: got %v, want context.Canceled", err)
	}
}

func TestAnswersThatAreNoneAreErrors(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"", "{}", "<html>planted</html>", `{"data":{"plaintext":"%%"}}`, strings.Repeat("x", 2<<20)} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
		t.Cleanup(server.Close)
		master := newMaster(t, server.URL+keyPath, token)
		_, err := master.Wrap(t.Context(), domain.NewSecret(plain), nil)
		if err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("wrap, answered %.30q: got %v, want an error that does not quote it", answer, err)
		}
		if _, err := master.Unwrap(t.Context(), []byte("vault:v1:AAAA"), nil); err == nil {
			t.Errorf("unwrap, answered %.30q: got no error", answer)
		}
	}
}

func TestAStandbyIsFollowedToTheActiveServerOnce(t *testing.T) {
	t.Parallel()
	_, active := startEngine(t)
	standby := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, active+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(standby.Close)
	master := newMaster(t, standby.URL+keyPath, token)
	wrapped, err := master.Wrap(t.Context(), domain.NewSecret(plain), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := master.Unwrap(t.Context(), wrapped, nil); err != nil || got.Reveal() != plain {
		t.Errorf("got %q, %v", got.Reveal(), err)
	}
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, standby.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(far.Close)
	if _, err := newMaster(t, far.URL+keyPath, token).Wrap(t.Context(), domain.NewSecret(plain), nil); err == nil {
		t.Error("two redirects: got no error")
	}
}

func TestTheTokenNeverLeavesTLS(t *testing.T) {
	t.Parallel()
	engine, plainText := startEngine(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plainText+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(secure.Close)
	master, err := transit.New(transit.Options{
		URL: secure.URL + keyPath, Token: domain.NewSecret(token), Transport: secure.Client().Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := master.Wrap(t.Context(), domain.NewSecret(plain), nil); err == nil {
		t.Error("redirected to plain text: got no error")
	}
	if len(engine.tokens) > 0 {
		t.Errorf("the server without TLS was sent %d requests", len(engine.tokens))
	}
}
