package tokens_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/menjin-id/menjin/adapters/tokens"
	"github.com/menjin-id/menjin/domain"
)

var algorithms = []tokens.Algorithm{tokens.EdDSA, tokens.ES256}

func TestIssuedTokenSaysWhatItWasIssuedFor(t *testing.T) {
	t.Parallel()
	for _, algorithm := range algorithms {
		s := newSetup(t, algorithm)
		token := s.issue(t, sample)
		for _, time := range []string{"first", "remembered"} {
			got, err := s.verifier.Verify(token)
			if err != nil || !cmp.Equal(sample, got) {
				t.Errorf("%s, %s time: %v, %s", algorithm, time, err, cmp.Diff(sample, got))
			}
		}
	}
}

func TestTimesLoseTheirFractions(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	claims := sample
	claims.ExpiresAt = claims.ExpiresAt.Add(999_999 * time.Microsecond)
	got, err := s.verifier.Verify(s.issue(t, claims))
	if err != nil || !got.ExpiresAt.Equal(sample.ExpiresAt) {
		t.Errorf("expiry: got %v, %v, want %v", got.ExpiresAt, err, sample.ExpiresAt)
	}
}

func TestVerifyLeavesTheClockToTheCaller(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	claims := sample
	claims.IssuedAt, claims.ExpiresAt = time.Unix(0, 0).UTC(), time.Unix(1, 0).UTC()
	token := s.issue(t, claims)
	for range 2 {
		got, err := s.verifier.Verify(token)
		if err != nil {
			t.Fatalf("a token of long ago: %v", err)
		}
		if err := got.Check(time.Now()); !errors.Is(err, domain.ErrTokenExpired) {
			t.Errorf("its claims: got %v, want %v", err, domain.ErrTokenExpired)
		}
	}
}

func TestRolesBelongToTheCaller(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	token := s.issue(t, sample)
	for range 3 {
		got, err := s.verifier.Verify(token)
		if err != nil || !cmp.Equal(sample.Roles, got.Roles) {
			t.Fatalf("roles: got %v, %v, want %v", got.Roles, err, sample.Roles)
		}
		got.Roles[0] = domain.RoleSupport
	}
}

func TestRolesOfALaterReleaseAreIgnored(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	said := payload().with("roles", []string{"owner", "user"})
	got, err := s.verifier.Verify(domain.NewSecret(signEd25519(unsigned(t, s.header(t), said), s.signer(t))))
	if want := []domain.Role{domain.RoleUser}; err != nil || !cmp.Equal(want, got.Roles) {
		t.Errorf("roles: got %v, %v, want %v", got.Roles, err, want)
	}
}

func TestTokenOfARetiredKeyIsAccepted(t *testing.T) {
	t.Parallel()
	before := newSetup(t, tokens.ES256)
	token := before.issue(t, sample)

	rotated := ringOf(t, generate(t, tokens.EdDSA).Reveal(), before.private.Reveal())
	if _, err := tokens.NewVerifier(rotated, issuer, audience).Verify(token); err != nil {
		t.Errorf("after rotation: %v", err)
	}
	fresh, err := tokens.NewIssuer(rotated, issuer, audience).Issue(sample)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.verifier.Verify(fresh); !errors.Is(err, domain.ErrTokenInvalid) {
		t.Errorf("a token of the new key, for who does not have it: got %v, want %v", err, domain.ErrTokenInvalid)
	}
}

func TestRefusalDoesNotQuoteTheToken(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	const planted = "oPlantedOpenID"
	header := s.header(t).with("alg", planted)
	for _, text := range []string{planted, unsigned(t, header, payload()) + ".", planted + "." + planted + "." + planted} {
		if _, err := s.verifier.Verify(domain.NewSecret(text)); err == nil || strings.Contains(err.Error(), planted) {
			t.Errorf("got %v, want an error without the token's text", err)
		}
	}
}

func TestVerifierServesManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newSetup(t, tokens.EdDSA)
	var callers sync.WaitGroup
	for i := range 8 {
		claims := sample
		claims.TokenID = domain.ID{byte(i % 4)}
		token := s.issue(t, claims)
		callers.Go(func() {
			for range 200 {
				if got, err := s.verifier.Verify(token); err != nil || !cmp.Equal(claims, got) {
					t.Errorf("got %v, %v, want %v", got, err, claims)
					return
				}
			}
		})
	}
	callers.Wait()
}

func BenchmarkIssue(b *testing.B) {
	s := newSetup(b, tokens.EdDSA)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.issuer.Issue(sample); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range algorithms {
		s := newSetup(b, algorithm)
		token := s.issue(b, sample)
		b.Run(fmt.Sprintf("%s/remembered", algorithm), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.verifier.Verify(token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
