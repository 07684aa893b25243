package vault_test

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/internal/testserver/promtest"
)

func TestVaultTellsSinceWhenItsKeySeals(t *testing.T) {
	t.Parallel()
	at := time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)
	v := vault.New(func() time.Time { return at })
	value := func(name string) float64 { return promtest.Value(t, v.Metrics(), name) }
	const since = "menjin_vault_field_key_sealing_since_timestamp_seconds"
	if keys, sealing := value("menjin_vault_field_keys"), value(since); keys != 0 || sealing != 0 {
		t.Errorf("without keys: got %v keys, sealing since %v, want 0 and 0", keys, sealing)
	}
	keys, err := v.Make(at.Add(-time.Hour))
	if err == nil {
		err = v.Use(keys, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if keys, sealing := value("menjin_vault_field_keys"), value(since); keys != 1 || sealing != float64(at.Add(-time.Hour).Unix()) {
		t.Errorf("got %v keys, sealing since %v, want 1 and %v", keys, sealing, at.Add(-time.Hour).Unix())
	}
	if got := value("menjin_vault_index_changing"); got != 0 {
		t.Errorf("index changing: got %v, want 0", got)
	}
}
