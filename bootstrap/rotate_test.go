package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"
)

var keyLine = regexp.MustCompile(`(?m)^\S{43} +\S+T\S+ +`)

// published are the ids of the keys that verify.
func (p *program) published() (kids []string) {
	p.tb.Helper()
	var set struct {
		Keys []struct {
			ID string `json:"kid"`
		} `json:"keys"`
	}
	r := p.call(http.MethodGet, "/.well-known/jwks.json", "", nil)
	if err := json.Unmarshal(r.Body, &set); err != nil {
		p.tb.Fatal(err)
	}
	for _, key := range set.Keys {
		kids = append(kids, key.ID)
	}
	return kids
}

func TestRotationOfKeysLetsNoTokenDie(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		in, before := p.login(p.sandboxCode("alice")), p.published()
		if len(before) != 1 || len(keyLine.FindAllString(says(t, s, []string{"keys", "list"}, before[0]), -1)) != 1 {
			t.Fatalf("keys at first: got %v, want one, and the same listed", before)
		}
		out := says(t, s, []string{"keys", "rotate"}, before[0])
		if listed := keyLine.FindAllString(out, -1); len(listed) != 2 {
			t.Errorf("keys after rotation: got %d, want 2\n%s", len(listed), out)
		}
		p.check(in.Token, http.StatusNoContent, "")

		begin := time.Now()
		if s["database.url"] == "" { // which is held by one
			p.kill()
		}
		p = start(t, s) // who starts now knows at once what the others will learn
		after := p.published()
		t.Logf("both keys are published %s after a start", time.Since(begin).Round(time.Millisecond))
		if len(after) != 2 || !slices.Contains(after, before[0]) {
			t.Errorf("JWKS after rotation: got %v, want two with %s", after, before[0])
		}
		p.check(in.Token, http.StatusNoContent, "")
		again := p.login(p.sandboxCode("alice"))
		if header, _ := takeApart(t, again.Token); header["kid"] != before[0] {
			t.Errorf("a key published a moment ago signs already: kid %v", header["kid"])
		}
		p.check(again.Token, http.StatusNoContent, "")
	})
}

func TestRunningServiceLearnsOfARotatedKey(t *testing.T) {
	t.Parallel()
	s := local(t)
	p := start(t, s)
	in := p.login(p.sandboxCode("alice"))
	says(t, s, []string{"keys", "rotate"})
	begin := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for len(p.published()) != 2 {
		if <-tick.C; time.Since(begin) > 90*time.Second {
			t.Fatalf("after %s the new key is not published", time.Since(begin))
		}
	}
	t.Logf("the new key is published after %s", time.Since(begin).Round(time.Second))
	p.check(in.Token, http.StatusNoContent, "")
	p.check(p.refresh(in.RefreshToken).Token, http.StatusNoContent, "")
}
