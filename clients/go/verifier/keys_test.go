package verifier

import (
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
