package tokens_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// rotation is a ring in use, and the keys it has made.
type rotation struct {
	ring     *tokens.Ring
	issuer   *tokens.Issuer
	verifier *tokens.Verifier
	keys     []ports.SigningKey
}

func newRotation(t *testing.T, keys int) *rotation {
	t.Helper()
	ring := tokens.NewRing(tokens.EdDSA)
	r := &rotation{ring: ring, issuer: tokens.NewIssuer(ring, issuer, audience), verifier: tokens.NewVerifier(ring, issuer, audience)}
	for range keys {
		key, err := ring.Generate(sample.IssuedAt)
		if err != nil {
			t.Fatal(err)
		}
		r.keys = append(r.keys, key)
	}
	return r
}

func (r *rotation) use(t *testing.T, signing int, keys ...int) {
	t.Helper()
	var held []ports.SigningKey
	for _, i := range keys {
		held = append(held, r.keys[i])
	}
	if err := r.ring.Use(held, r.keys[signing].ID); err != nil {
		t.Fatal(err)
	}
}

func (r *rotation) issue(t *testing.T) domain.Secret {
	t.Helper()
	token, err := r.issuer.Issue(sample)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (r *rotation) want(t *testing.T, what string, token domain.Secret, want error) {
	t.Helper()
	for range 2 { // found, and remembered
		if got, err := r.verifier.Verify(token); !errors.Is(err, want) || (want == nil && !cmp.Equal(sample, got)) {
			t.Errorf("%s: got %+v, %v, want error %v", what, got, err, want)
		}
	}
}

func TestRingIsRotatedWhileItServes(t *testing.T) {
	t.Parallel()
	r := newRotation(t, 2)
	r.use(t, 0, 0)
	before := r.issue(t)
	r.want(t, "before", before, nil)

	r.use(t, 0, 1, 0) // the new key is published, and does not sign yet
	r.want(t, "published: an old token", before, nil)
	all := published(t, r.ring.JWKS())
	if len(all) != 2 || all[0]["kid"] != r.keys[0].ID || all[1]["kid"] != r.keys[1].ID {
		t.Errorf("published %v, want the signing key first", all)
	}

	r.use(t, 1, 1, 0)
	after := r.issue(t)
	r.want(t, "rotated: an old token", before, nil)
	r.want(t, "rotated: a new token", after, nil)

	r.use(t, 1, 1)
	r.want(t, "retired: an old token, that was remembered", before, domain.ErrTokenInvalid)
	r.want(t, "retired: a new token", after, nil)
	if strings.Contains(string(r.ring.JWKS()), r.keys[0].ID) {
		t.Error("a retired key is published")
	}
}

func TestEmptyRingKnowsNothing(t *testing.T) {
	t.Parallel()
	other := newRotation(t, 1)
	other.use(t, 0, 0)
	r := newRotation(t, 0)
	if _, err := r.issuer.Issue(sample); err == nil {
		t.Error("a token was issued without a key")
	}
	if _, err := r.verifier.Verify(other.issue(t)); !errors.Is(err, domain.ErrUnavailable) || errors.Is(err, domain.ErrTokenInvalid) {
		t.Errorf("verify: got %v, want %v", err, domain.ErrUnavailable)
	}
	if got := string(r.ring.JWKS()); got != `{"keys":[]}` {
		t.Errorf("JWKS: got %s", got)
	}
}

func TestRingKeepsItsKeysWhenOthersAreUnusable(t *testing.T) {
	t.Parallel()
	r := newRotation(t, 2)
	r.use(t, 0, 0)
	token, jwks := r.issue(t), string(r.ring.JWKS())
	renamed, damaged, public := r.keys[1], r.keys[1], r.keys[1]
	renamed.ID = "other"
	damaged.PEM = domain.NewSecret("plantedkey")
	public.PEM = domain.NewSecret(publicPEM(t, public.PEM))
	for name, keys := range map[string][]ports.SigningKey{
		"none": nil, "another name": {renamed}, "damaged": {r.keys[0], damaged}, "no private half": {public},
		"two in one":              {{ID: renamed.ID, PEM: domain.NewSecret(r.keys[1].PEM.Reveal() + r.keys[0].PEM.Reveal())}},
		"the signing one missing": {r.keys[0]},
	} {
		if err := r.ring.Use(keys, r.keys[1].ID); err == nil || strings.Contains(err.Error(), "plantedkey") {
			t.Errorf("%s: got %v, want an error that quotes nothing", name, err)
		}
	}
	r.want(t, "afterwards", token, nil)
	if got := string(r.ring.JWKS()); got != jwks {
		t.Errorf("JWKS: got %s, want %s", got, jwks)
	}
	if err := r.ring.Use([]ports.SigningKey{r.keys[0], public}, r.keys[0].ID); err != nil {
		t.Errorf("a public half that only verifies: %v", err)
	}
}

func TestVerifyingNeverFailsDuringARotation(t *testing.T) {
	t.Parallel()
	r := newRotation(t, 3)
	r.use(t, 0, 0, 1, 2)
	token := r.issue(t)
	var callers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		callers.Go(func() {
			for {
				if _, err := r.verifier.Verify(token); err != nil {
					t.Errorf("verify: %v", err)
					return
				}
				fresh, err := r.issuer.Issue(sample)
				if err == nil {
					_, err = r.verifier.Verify(fresh)
				}
				if err != nil {
					t.Errorf("verify a fresh one: %v", err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 20 {
		for signing := range r.keys { // the others verify, as they do until the last token of theirs has expired
			r.use(t, signing, 0, 1, 2)
		}
	}
	close(done)
	callers.Wait()
}

func TestGeneratedKeyIsOfTheMoment(t *testing.T) {
	t.Parallel()
	at := time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC)
	ids := make([]string, 0, 2)
	for _, algorithm := range algorithms {
		key, err := tokens.NewRing(algorithm).Generate(at)
		if err != nil || !key.CreatedAt.Equal(at) || !key.RetiresAt.IsZero() || key.ID == "" || slices.Contains(ids, key.ID) {
			t.Errorf("%s: got %+v, %v", algorithm, key, err)
		}
		ids = append(ids, key.ID)
	}
	if _, err := tokens.NewRing("none").Generate(at); err == nil {
		t.Error("a key for none was made")
	}
}
