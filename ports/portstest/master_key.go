package portstest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// MasterKey is the contract of master keys. Open returns one whose key nobody else has; keys opened twice are two.
func MasterKey(t *testing.T, open func(t *testing.T) ports.MasterKey) {
	t.Helper()
	check(t, func(t *testing.T) *masterKeys { return &masterKeys{MasterKey: open(t), foreign: open} }, masterContracts)
}

// masterKeys is the key under test and the way to another.
type masterKeys struct {
	ports.MasterKey
	foreign func(t *testing.T) ports.MasterKey
}

var masterSample, masterBound = domain.NewSecret(`{"keys": "` + sampleText + `"}`), []byte("what belongs to it")

func (m *masterKeys) wrap(t *testing.T, ctx context.Context, plain domain.Secret) []byte {
	t.Helper()
	wrapped, err := m.Wrap(ctx, plain, masterBound)
	if err != nil {
		t.Fatalf("wrap: %v", err)
	}
	return wrapped
}

func wantNotUnwrapped(t *testing.T, ctx context.Context, what string, key ports.MasterKey, wrapped, associated []byte) {
	t.Helper()
	got, err := key.Unwrap(ctx, wrapped, associated)
	switch {
	case err == nil:
		t.Errorf("unwrap %s: got no error, want one", what)
	case strings.Contains(err.Error(), sampleText):
		t.Errorf("unwrap %s: the error holds the text: %v", what, err)
	case errors.Is(err, domain.ErrUnavailable):
		t.Errorf("unwrap %s: got %v, which would be tried again", what, err)
	case !errors.Is(err, ports.ErrNotWrapped):
		t.Errorf("unwrap %s: got %v, want %v", what, err, ports.ErrNotWrapped)
	}
	if !got.IsZero() {
		t.Errorf("unwrap %s: got a text beside the error, want none", what)
	}
}

var masterContracts = []contract[*masterKeys]{
	{"what was wrapped unwraps", func(t *testing.T, ctx context.Context, m *masterKeys) {
		for _, text := range []string{"a", masterSample.Reveal(), strings.Repeat("长", 32<<10/3), "\x00\xff"} {
			got, err := m.Unwrap(ctx, m.wrap(t, ctx, domain.NewSecret(text)), masterBound)
			if err != nil || got.Reveal() != text {
				t.Errorf("unwrap: got %d bytes, error %v, want %d bytes", len(got.Reveal()), err, len(text))
			}
		}
	}},
	{"what was wrapped shows nothing of the text and differs each time", func(t *testing.T, ctx context.Context, m *masterKeys) {
		first, second := m.wrap(t, ctx, masterSample), m.wrap(t, ctx, masterSample)
		if bytes.Equal(first, second) {
			t.Error("wrapping twice: got the same, want different texts")
		}
		if bytes.Contains(first, []byte(sampleText)) {
			t.Error("what was wrapped holds the text")
		}
	}},
	{"what was wrapped unwraps with what belongs to it alone", func(t *testing.T, ctx context.Context, m *masterKeys) {
		wrapped := m.wrap(t, ctx, masterSample)
		wantNotUnwrapped(t, ctx, "with something else", m, wrapped, []byte("something else"))
		wantNotUnwrapped(t, ctx, "with nothing", m, wrapped, nil)
	}},
	{"what was changed, cut or prolonged does not unwrap", func(t *testing.T, ctx context.Context, m *masterKeys) {
		wrapped := m.wrap(t, ctx, masterSample)
		for _, at := range []int{0, 1, len(wrapped) / 2, len(wrapped) - 1} {
			changed := bytes.Clone(wrapped)
			changed[at] ^= 0x01
			wantNotUnwrapped(t, ctx, "with a byte changed", m, changed, masterBound)
			wantNotUnwrapped(t, ctx, "cut", m, wrapped[:at], masterBound)
		}
		wantNotUnwrapped(t, ctx, "nothing", m, nil, masterBound)
		wantNotUnwrapped(t, ctx, "prolonged", m, append(bytes.Clone(wrapped), 'A'), masterBound)
		wantNotUnwrapped(t, ctx, "the text itself", m, []byte(masterSample.Reveal()), masterBound)
	}},
	{"another key does not unwrap it", func(t *testing.T, ctx context.Context, m *masterKeys) {
		wantNotUnwrapped(t, ctx, "with another key", m.foreign(t), m.wrap(t, ctx, masterSample), masterBound)
	}},
	{"the name tells which key it is and holds no secret", func(t *testing.T, _ context.Context, m *masterKeys) {
		if name := m.Name(); name == "" || len(name) > 200 || name != m.Name() {
			t.Errorf("name: got %q, want a short one that stays the same", name)
		}
	}},
	{"callers do not disturb one another", func(t *testing.T, ctx context.Context, m *masterKeys) {
		var calling sync.WaitGroup
		for range 8 {
			calling.Go(func() {
				wrapped, err := m.Wrap(ctx, masterSample, masterBound)
				if err != nil {
					t.Errorf("wrap: %v", err)
					return
				}
				if got, err := m.Unwrap(ctx, wrapped, masterBound); err != nil || !got.Equal(masterSample) {
					t.Errorf("unwrap: error %v, want the text", err)
				}
			})
		}
		calling.Wait()
	}},
}
