package vault_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var morning = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

// ring is a vault with the keys that it uses.
type ring struct {
	*vault.Vault
	keys domain.Secret
}

func newRing(t *testing.T, now *time.Time) *ring {
	t.Helper()
	r := &ring{Vault: vault.New(func() time.Time { return *now })}
	keys, err := r.Make(morning)
	if err != nil {
		t.Fatal(err)
	}
	r.use(t, keys)
	return r
}

func (r *ring) use(t *testing.T, keys domain.Secret) {
	t.Helper()
	if err := r.Use(keys, nil); err != nil {
		t.Fatal(err)
	}
	r.keys = keys
}

func (r *ring) plan(t *testing.T) ports.DataKeyPlan {
	t.Helper()
	plan, err := r.Plan(r.keys)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func (r *ring) apply(t *testing.T, plan ports.DataKeyPlan) {
	t.Helper()
	keys, err := r.Apply(r.keys, plan)
	if err != nil {
		t.Fatal(err)
	}
	r.use(t, keys)
}

func (r *ring) indexes(t *testing.T) ports.Indexes {
	t.Helper()
	found, err := r.Indexes("users", "phone", domain.NewSecret(openID))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestVaultWithoutKeysDoesNothing(t *testing.T) {
	t.Parallel()
	v := vault.New(time.Now)
	_, sealing := v.Seal(field, domain.NewSecret(openID))
	_, opening := v.Open(field, []byte(openID))
	_, digesting := v.Index("users", "phone", domain.NewSecret(openID))
	_, indexing := v.Indexes("users", "phone", domain.NewSecret(openID))
	for what, err := range map[string]error{"seal": sealing, "open": opening, "index": digesting, "indexes": indexing} {
		if err == nil {
			t.Errorf("%s: got no error, want one", what)
		}
	}
}

func TestNewFieldKeySealsFromItsTimeOnAndOldOnesOpenUntilTheyAreDropped(t *testing.T) {
	t.Parallel()
	now := morning
	r := newRing(t, &now)
	old := seal(t, r.Vault, openID)
	plan := r.plan(t)
	first := plan.Newest()
	plan.Fields = append(plan.Fields, ports.FieldKey{MadeAt: now, SealsFrom: now.Add(time.Minute)})
	r.apply(t, plan)
	if early := seal(t, r.Vault, openID); !bytes.Equal(early[:5], old[:5]) {
		t.Error("the new key seals before its time")
	}
	now = now.Add(time.Minute)
	sealed := seal(t, r.Vault, openID)
	if bytes.Equal(sealed[:5], old[:5]) || !bytes.HasPrefix(sealed, r.KeyPrefix()) {
		t.Error("the new key does not seal when its time has come")
	}
	if _, err := r.Open(field, old); err != nil {
		t.Errorf("open what the old key sealed: %v", err)
	}
	plan = r.plan(t)
	if len(plan.Fields) != 2 || plan.Fields[0] != first || plan.Newest().ID == first.ID || plan.Newest().ID == 0 {
		t.Fatalf("plan: got %+v, want the first key and a new one", plan.Fields)
	}
	plan.Fields = plan.Fields[1:]
	r.apply(t, plan)
	if got, err := r.Open(field, old); err == nil {
		t.Errorf("what a dropped key sealed opens to %q", got.Reveal())
	}
	if _, err := r.Open(field, sealed); err != nil {
		t.Errorf("open what the kept key sealed: %v", err)
	}
}

func TestIndexesOfNeighbouringPhasesAgree(t *testing.T) {
	t.Parallel()
	now := morning
	r := newRing(t, &now)
	stays, err := r.Index("users", "phone", domain.NewSecret(openID))
	if err != nil {
		t.Fatal(err)
	}
	before := r.indexes(t)
	first := before
	for phase := ports.IndexFilling; phase <= ports.IndexClosing; phase++ {
		plan := r.plan(t)
		plan.Index = phase
		r.apply(t, plan)
		after := r.indexes(t)
		// Rows are as the phase before wrote them by the time that this one is announced.
		found := before.First
		if after.BySecond {
			found = before.Second
		}
		if want := digestFor(after); !bytes.Equal(found, want) {
			t.Errorf("phase %d does not find what the phase before wrote", phase)
		}
		common := bytes.Equal(before.First, after.First) || before.Second != nil && bytes.Equal(before.Second, after.Second)
		if !common {
			t.Errorf("nothing unique is common to phases %d and %d", phase-1, phase)
		}
		if !finds(before, after) {
			t.Errorf("phase %d does not find what phase %d writes", phase-1, phase)
		}
		before = after
	}
	if before.Second != nil || bytes.Equal(before.First, first.First) {
		t.Error("after the last phase the old key is still in use")
	}
	if again, err := r.Index("users", "phone", domain.NewSecret(openID)); err != nil || !bytes.Equal(again, stays) {
		t.Errorf("the digest that stays changed: %v", err)
	}
}

// digestFor is what a phase compares with.
func digestFor(in ports.Indexes) []byte {
	if in.BySecond {
		return in.Second
	}
	return in.First
}

// finds reports whether a reader finds what a writer wrote.
func finds(reader, writer ports.Indexes) bool {
	written := writer.First
	if reader.BySecond {
		written = writer.Second
	}
	return bytes.Equal(written, digestFor(reader))
}

func TestPlanThatSkipsAPhaseOrKeysIsRefused(t *testing.T) {
	t.Parallel()
	now := morning
	r := newRing(t, &now)
	for what, change := range map[string]func(*ports.DataKeyPlan){
		"no field keys":   func(p *ports.DataKeyPlan) { p.Fields = nil },
		"an unknown key":  func(p *ports.DataKeyPlan) { p.Fields = []ports.FieldKey{{ID: 1}} },
		"a phase skipped": func(p *ports.DataKeyPlan) { p.Index = ports.IndexTurned },
		"a phase back":    func(p *ports.DataKeyPlan) { p.Index = ports.IndexClosing },
		"a foreign phase": func(p *ports.DataKeyPlan) { p.Index = 7 },
	} {
		plan := r.plan(t)
		change(&plan)
		if _, err := r.Apply(r.keys, plan); err == nil {
			t.Errorf("%s: got no error, want one", what)
		}
	}
}

func TestDamagedDataKeysAreRefused(t *testing.T) {
	t.Parallel()
	now := morning
	r := newRing(t, &now)
	for _, name := range []string{"version", "field_keys", "fields", "token_keys", "index_keys"} {
		var parts map[string]json.RawMessage
		if err := json.Unmarshal([]byte(r.keys.Reveal()), &parts); err != nil {
			t.Fatal(err)
		}
		delete(parts, name)
		text, err := json.Marshal(parts)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Use(domain.NewSecret(string(text)), nil); err == nil {
			t.Errorf("keys without %s are used", name)
		}
	}
}
