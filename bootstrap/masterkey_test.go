package bootstrap_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRefusalOfTheMasterKeyIsNamedByTheSettingThatMendsIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		words  []string
	}{
		{http.StatusForbidden, []string{"vault.token: ", "the token is not valid"}},
		{http.StatusNotFound, []string{"vault.url: ", "there is no such mount or key"}},
	} {
		t.Run(http.StatusText(c.status), func(t *testing.T) {
			t.Parallel()
			engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) }))
			t.Cleanup(engine.Close)
			s := local(t)
			says(t, s, []string{"migrate", "up"})
			says(t, s, []string{"keys", "list"}) // which makes data keys under a local one
			s = s.with(settings{"vault.url": engine.URL + "/v1/transit/keys/menjin", "vault.token": "planted-token"})
			_, _, log := run(t, s, "keys", "rotate", "--master")
			for _, word := range append(c.words[1:], "wrap data keys") {
				if !strings.Contains(log, word) {
					t.Errorf("rewrap: the message does not say %q:\n%s", word, log)
				}
			}
			fresh := local(t).with(settings{"vault.url": s["vault.url"], "vault.token": s["vault.token"]})
			refuses(t, fresh, c.words...)
			if _, _, log := run(t, fresh, "serve"); strings.Contains(log, "is not the one this database") || strings.Contains(log, "planted-token") {
				t.Errorf("the message is of another fault, or shows the token:\n%s", log)
			}
		})
	}
}

func TestRotationThatFailedIsNotedAsFailed(t *testing.T) {
	t.Parallel()
	s := local(t)
	says(t, s, []string{"migrate", "up"})
	says(t, s, []string{"keys", "rotate", "--index"})
	if status, _, log := run(t, s, "keys", "rotate", "--index"); status != 1 {
		t.Errorf("rotate while it is being replaced: exit status %d, want 1\n%s", status, log)
	}
	p := start(t, s)
	var done, failed int
	for _, row := range p.rows(p.database(), "audit_log") {
		if strings.Contains(row, "|rotate index|") {
			done++
		}
		if strings.Contains(row, "|rotate index failed|") {
			failed++
		}
	}
	if done != 1 || failed != 1 {
		t.Errorf("audit log: got %d done and %d failed, want one of each", done, failed)
	}
}
