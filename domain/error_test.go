package domain_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// failures are all the failures a caller can meet.
func failures() []*domain.Error {
	return []*domain.Error{
		domain.ErrInvalidArgument, domain.ErrTokenMissing, domain.ErrTokenInvalid, domain.ErrTokenExpired,
		domain.ErrSessionEnded, domain.ErrRefreshTokenInvalid, domain.ErrRefreshTokenReused, domain.ErrBadCredentials,
		domain.ErrPermissionDenied, domain.ErrUsernameTaken, domain.ErrEmailTaken, domain.ErrLastCredential,
		domain.ErrRateLimited, domain.ErrTooManyAttempts, domain.ErrWeChatCodeInvalid, domain.ErrWeChatCodeUsed, domain.ErrAccountLocked,
		domain.ErrWeChatUserBlocked, domain.ErrUserNotFound, domain.ErrWeChatTaken, domain.ErrWeChatRateLimited,
		domain.ErrWeChatFailed, domain.ErrWeChatTimeout, domain.ErrUnavailable, domain.ErrPhoneTaken, domain.ErrSessionKeyStale,
		domain.ErrDecryptionFailed, domain.ErrWatermarkMismatch, domain.ErrSignatureMismatch,
	}
}

func TestEachFailureMatchesItselfAlone(t *testing.T) {
	t.Parallel()
	for i, err := range failures() {
		for j, target := range failures() {
			wrapped := fmt.Errorf("attempt: %w", err)
			if got, want := errors.Is(wrapped, target), i == j; got != want {
				t.Errorf("errors.Is(%s, %s): got %t, want %t", err.Reason, target.Reason, got, want)
			}
		}
		if errors.Is(err, errors.New(err.Text)) {
			t.Errorf("%s matches an error that is none of the domain", err.Reason)
		}
	}
}

func TestEachFailureHasACodeOfTheVocabulary(t *testing.T) {
	t.Parallel()
	used := map[domain.Code]bool{}
	for _, err := range failures() {
		used[err.Code] = true
		if !slices.Contains(domain.Codes(), err.Code) || err.Reason == "" || err.Error() == "" {
			t.Errorf("got %+v, want a known code, a reason and a text", err)
		}
	}
	for _, code := range domain.Codes() {
		if !used[code] {
			t.Errorf("code %s: no failure has it", code)
		}
	}
}

func TestAfterChangesTheWaitAlone(t *testing.T) {
	t.Parallel()
	later := domain.ErrWeChatRateLimited.After(3 * time.Second)
	if later.RetryAfter != 3*time.Second || domain.ErrWeChatRateLimited.RetryAfter != 0 {
		t.Errorf("waits: got %s and %s, want 3s and 0s", later.RetryAfter, domain.ErrWeChatRateLimited.RetryAfter)
	}
	if !errors.Is(later, domain.ErrWeChatRateLimited) || later.Code != domain.CodeRateLimited {
		t.Errorf("got %+v, want the same failure", later)
	}
}

func TestInvalidHoldsItsViolations(t *testing.T) {
	t.Parallel()
	fault := domain.Violation{Field: "code", Rule: "required", Text: "must be given"}
	err := domain.Invalid(fault, fault)
	if !errors.Is(err, domain.ErrInvalidArgument) || len(err.Violations) != 2 || err.Violations[0] != fault {
		t.Errorf("got %+v, want an invalid argument with two violations", err)
	}
	if len(domain.ErrInvalidArgument.Violations) != 0 {
		t.Error("Invalid changed the variable it came from")
	}
}

func TestClaimsExpire(t *testing.T) {
	t.Parallel()
	expiry := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	claims := domain.Claims{ExpiresAt: expiry}
	for now, want := range map[time.Time]error{
		expiry.Add(-time.Microsecond): nil, expiry: domain.ErrTokenExpired, expiry.Add(time.Hour): domain.ErrTokenExpired,
	} {
		if err := claims.Check(now); !errors.Is(err, want) {
			t.Errorf("check at %s: got %v, want %v", now, err, want)
		}
	}
}
