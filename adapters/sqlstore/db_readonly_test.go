package sqlstore

import "testing"

func TestDatabaseOpenedForReadingIsNotWritten(t *testing.T) {
	t.Parallel()
	for _, on := range backends {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: on.url(t), ReadOnly: true})
			if got := countShards(t, t.Context(), db.read()); got != 0 {
				t.Errorf("after opening: got %d shards, want none", got)
			}
			err := db.write(t.Context(), insertShard(0))
			if refused := err != nil; refused != (on.name != postgresSimple.name) {
				t.Errorf("writing: got error %v, want one except by simple protocol", err)
			}
		})
	}
}
