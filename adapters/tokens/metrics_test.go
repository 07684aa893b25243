package tokens_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/promtest"
	"github.com/menjin-id/menjin/ports"
)

func TestVerificationsAreCountedByResult(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	token, err := s.issuer.Issue(sample)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.verifier.Verify(token); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = s.verifier.Verify(domain.NewSecret("not.a.token")) // counted below
	for result, want := range map[string]float64{"proven": 1, "cached": 2, "refused": 1} {
		if got := promtest.Value(t, s.verifier.Metrics(), "menjin_token_verifications_total", "result", result); got != want {
			t.Errorf("%s: got %v, want %v", result, got, want)
		}
	}
}

func TestRingTellsHowOldTheKeyIsThatSigns(t *testing.T) {
	t.Parallel()
	ring := tokens.NewRing(tokens.EdDSA)
	age := func() float64 { return promtest.Value(t, ring.Metrics(), "menjin_token_key_created_timestamp_seconds") }
	if got := age(); got != 0 {
		t.Errorf("without a key: got %v, want 0", got)
	}
	old, err := ring.Generate(sample.IssuedAt)
	if err != nil {
		t.Fatal(err)
	}
	young, err := ring.Generate(sample.ExpiresAt)
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Use([]ports.SigningKey{old, young}, young.ID); err != nil {
		t.Fatal(err)
	}
	if got, want := age(), float64(sample.ExpiresAt.Unix()); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := promtest.Value(t, ring.Metrics(), "menjin_token_keys"); got != 2 {
		t.Errorf("keys: got %v, want 2", got)
	}
}
