package sqlstore

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestSigningKeyRetiresAtTheEarliestOfItsInstants(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			keys, now := NewSigningKeys(openDB(t, Options{URL: backend.url(t)})), stampNow().At
			newest := ""
			for _, rotation := range []struct {
				id       string
				retireAt time.Duration
			}{{"first", 0}, {"second", 5 * time.Hour}, {"third", 7 * time.Hour}, {"fourth", 6 * time.Hour}} {
				key := ports.SigningKey{ID: rotation.id, PEM: domain.NewSecret("pem"), CreatedAt: now}
				if added, err := keys.Rotate(t.Context(), newest, key, now.Add(rotation.retireAt)); err != nil || !added {
					t.Fatalf("rotate: got %v, error %v, want the key added", added, err)
				}
				newest, now = rotation.id, now.Add(time.Microsecond)
			}
			got, err := keys.All(t.Context())
			if err != nil || len(got) != 4 {
				t.Fatalf("keys: got %+v, error %v, want all four", got, err)
			}
			start := got[3].CreatedAt
			for i, want := range []time.Time{{}, start.Add(6*time.Hour + 3*time.Microsecond), start.Add(6*time.Hour + 3*time.Microsecond), start.Add(5*time.Hour + time.Microsecond)} {
				if !got[i].RetiresAt.Equal(want) {
					t.Errorf("%s retires at %s, want %s", got[i].ID, got[i].RetiresAt, want)
				}
			}
		})
	}
}

func TestSigningKeyMovedToAnotherRowDoesNotOpen(t *testing.T) {
	t.Parallel()
	db, now := openDB(t, Options{URL: postgres.url(t)}), stampNow().At
	keys, newest := NewSigningKeys(db), ""
	for _, id := range []string{"one", "two"} {
		key := ports.SigningKey{ID: id, PEM: domain.NewSecret("pem of " + id), CreatedAt: now}
		if _, err := keys.Rotate(t.Context(), newest, key, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		newest = id
	}
	const move = `UPDATE signing_keys SET pem_sealed = (SELECT pem_sealed FROM signing_keys WHERE kid = 'one') WHERE kid = 'two'`
	if _, err := db.exec(t.Context(), move); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.All(t.Context()); err == nil {
		t.Error("got no error, want one")
	}
}
