package vault_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/ports"
)

// source counts looks, which find nothing.
type source struct{ looks int }

func (s *source) Look() error { s.looks++; return nil }

func (s *source) Fresh() error { return nil }

func TestKeyThatALookDidNotFindIsNotLookedForAgainForAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, counted := vault.New(time.Now), &source{}
		keys, err := v.Make(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Use(keys, counted); err != nil {
			t.Fatal(err)
		}
		open := func(id byte, want int) {
			t.Helper()
			if _, err := v.Open(ports.Field{}, append([]byte{1, 0, 0, 0, id}, make([]byte, 40)...)); err == nil {
				t.Error("a forged field opens")
			}
			if counted.looks != want {
				t.Errorf("looked %d times, want %d", counted.looks, want)
			}
		}
		open(1, 1)
		open(1, 1)
		open(2, 2)
		time.Sleep(time.Minute)
		open(1, 3)
		if err := v.Use(keys, counted); err != nil { // newer ones may be among what was missing
			t.Fatal(err)
		}
		open(1, 4)
	})
}
