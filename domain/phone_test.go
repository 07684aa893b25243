package domain_test

import (
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func TestMaskShowsTheCountryAndTheLastDigits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"+8613812341234":   "138****1234",
		"+14155550123":     "+1******0123",
		"+79161234567":     "+7******4567",
		"+447700900123":    "+44******0123",
		"+85291234567":     "+852****4567",
		"+6591234567":      "+65****4567",
		"+376712345":       "+376****45",
		"+8612345":         "+86***45",
		"+123456789012345": "+1**********2345",
		"+999123456789012": "+999********9012",
	} {
		if got := phone(t, text).Masked(); got != want {
			t.Errorf("mask of %s: got %q, want %q", text, got, want)
		}
	}
}

// FuzzPhone holds every number that is accepted to E.164, and its mask to showing seven digits at most and hiding two at least.
func FuzzPhone(f *testing.F) {
	for _, seed := range []string{"+8613812341234", "+1234567", "+123456789012345", "", "+", "+0", "86", "+86138\xff", "+٨٦١٣٨١٢٣٤"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		number, err := domain.NewPhone(text)
		if err != nil {
			if !number.IsZero() {
				t.Fatalf("%q is refused and kept", text)
			}
			return
		}
		digits := strings.TrimLeft(text, "+")
		if number.Reveal() != text || "+"+digits != text || strings.Trim(digits, "0123456789") != "" {
			t.Fatalf("%q is accepted as %q", text, number.Reveal())
		}
		mask := number.Masked()
		hidden := strings.Count(mask, "*")
		if shown := len(strings.Trim(mask, "+")) - hidden; shown > 7 || hidden < 2 || shown+hidden > len(digits) {
			t.Fatalf("mask of %q is %q", text, mask)
		}
	})
}
