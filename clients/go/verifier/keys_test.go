package verifier

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

func TestKeysAreFreshForAsLongAsTheServiceSays(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"": defaultFresh, "public, max-age=300": 5 * time.Minute, "MAX-AGE=60": time.Minute, "max-age=0": minFresh,
		"max-age=99999999": maxFresh, "no-store": minFresh, "max-age=-1": defaultFresh, "max-age=x": defaultFresh,
	} {
		if got := freshFor(header); got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := parseKeys(text)
		if err == nil && len(set.byID) == 0 {
			t.Error("a set without keys was accepted")
		}
	})
}

// keyServer publishes a set of Ed25519 keys by their ids.
type keyServer struct {
	mu      sync.Mutex
	ids     []string
	fetches int
}

func (k *keyServer) publish(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids = append(k.ids, id)
}

func (k *keyServer) fetched() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fetches
}

func (k *keyServer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fetches++
	keys := make([]jwk, 0, len(k.ids))
	for _, id := range k.ids {
		keys = append(keys, jwk{Type: "OKP", Curve: "Ed25519", ID: id, X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
}

func TestUnknownKeyIsRefusedOnlyByWhatWasFetchedSince(t *testing.T) {
	t.Parallel()
	published := &keyServer{ids: []string{"old"}}
	server := httptest.NewServer(published)
	defer server.Close()
	options := Options{}.withDefaults()
	c := newKeyCache(server.URL, &options)
	want := func(what, id string, came time.Time, want error, fetches int) {
		t.Helper()
		if _, err := c.find(t.Context(), id, came); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
		if got := published.fetched(); got != fetches {
			t.Errorf("%s: got %d fetches, want %d", what, got, fetches)
		}
	}
	pauseOver := func() { c.tried = time.Now().Add(-fetchPause) }

	came := time.Now()
	want("forged, before the first fetch", "forged", came, errHeader, 1)
	want("forged, that came before that fetch", "another", came, errHeader, 1)
	published.publish("fresh")
	c.tried = time.Now() // however slow this machine is
	want("genuine, in the pause", "fresh", time.Now(), ErrUnavailable, 1)
	want("forged, in the pause", "forged", time.Now(), ErrUnavailable, 1)
	pauseOver()
	want("genuine, after it", "fresh", time.Now(), nil, 2)
	pauseOver()
	want("forged, after it", "forged", time.Now(), errHeader, 3)
}
