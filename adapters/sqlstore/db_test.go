package sqlstore

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/ports/portstest"
)

// backend is a database that everything is tested on.
type backend struct {
	name string
	url  func(tb testing.TB) domain.Secret // of a migrated database that belongs to tb
}

var (
	sqliteFile     = backend{"SQLite", sqliteURL}
	postgres       = backend{"PostgreSQL", postgresURL}
	postgresSimple = backend{"PostgreSQL by simple protocol", postgresSimpleURL}
	backends       = []backend{sqliteFile, postgres, postgresSimple}
)

func sqliteURL(tb testing.TB) domain.Secret {
	tb.Helper()
	file, err := sqliteTemplate()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "data", "menjin ?#%.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		tb.Fatal(err)
	}
	return domain.NewSecret("sqlite:" + path)
}

// sqliteTemplate returns a migrated database as a file, which every test gets a copy of.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "menjin-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "menjin.db")
	if err := Migrate(context.Background(), domain.NewSecret("sqlite:"+path)); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func postgresURL(tb testing.TB) domain.Secret {
	tb.Helper()
	return domain.NewSecret(pgtest.New(tb, migrateTemplate))
}

func migrateTemplate(ctx context.Context, address string) error {
	return Migrate(ctx, domain.NewSecret(address))
}

func postgresSimpleURL(tb testing.TB) domain.Secret {
	tb.Helper()
	return withParameter(tb, postgresURL(tb), "default_query_exec_mode", "simple_protocol")
}

func withParameter(tb testing.TB, address domain.Secret, name, value string) domain.Secret {
	tb.Helper()
	parsed, err := url.Parse(address.Reveal())
	if err != nil {
		tb.Fatal(err)
	}
	query := parsed.Query()
	query.Set(name, value)
	parsed.RawQuery = query.Encode()
	return domain.NewSecret(parsed.String())
}

// openDB opens a database until tb ends. What options leave out is filled in.
func openDB(tb testing.TB, options Options) *DB {
	tb.Helper()
	if options.Cipher == nil {
		options.Cipher = testVault()
	}
	if options.Codec == nil {
		options.Codec = cloudevent.New()
	}
	db, err := Open(tb.Context(), options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

var testVault = sync.OnceValue(func() *vault.Vault {
	keys, err := vault.Generate()
	if err != nil {
		panic(err)
	}
	v, err := vault.Parse(keys)
	if err != nil {
		panic(err)
	}
	return v
})

func TestStore(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			portstest.Store(t, func(t *testing.T, options portstest.StoreOptions) portstest.StoreParts {
				db := openDB(t, Options{
					URL: backend.url(t), Codec: options.Codec, OnCommit: options.OnCommit, Shards: options.Shards,
				})
				outbox := NewOutbox(db, OutboxOptions{})
				users, audit := NewUsers(db), NewAudit(db)
				return portstest.StoreParts{
					Users: users, Finder: users, Browser: users, Tx: db, Audit: audit, AuditArchive: audit,
					InboxArchive: NewInbox(db), Deletions: users,
					Queue: outbox, Ledger: outbox, Archive: outbox, History: outbox, Eraser: outbox,
					Monitor: outbox, Letters: outbox, Switch: outbox, Sent: outbox, Replays: outbox, ReplayArchive: NewReplays(db),
				}
			})
		})
	}
}

func TestDatabaseThatRefusesConnectionsIsUnavailable(t *testing.T) {
	t.Parallel()
	address := domain.NewSecret("postgres://nobody:hunter2@127.0.0.1:1/none?sslmode=disable")
	options := Options{URL: address, Cipher: testVault(), Codec: cloudevent.New()}
	_, opening := Open(t.Context(), options)
	for name, err := range map[string]error{"Open": opening, "Migrate": Migrate(t.Context(), address)} {
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s: got error %v, want %v", name, err, domain.ErrUnavailable)
		}
	}
}

func TestOtherKeysThanTheDatabaseWasWrittenWithAreRefused(t *testing.T) {
	t.Parallel()
	for _, on := range backends {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			address := on.url(t)
			check := func(keys *vault.Vault) error {
				return openDB(t, Options{URL: address, Cipher: keys}).CheckKeys(t.Context())
			}
			for range 2 { // the second with the same keys, as another replica
				if err := check(testVault()); err != nil {
					t.Fatalf("the keys it was written with: %v", err)
				}
			}
			generated, err := vault.Generate()
			if err != nil {
				t.Fatal(err)
			}
			others, err := vault.Parse(generated)
			if err != nil {
				t.Fatal(err)
			}
			if err := check(others); !errors.Is(err, ErrForeignKeys) {
				t.Errorf("other keys: got %v, want %v", err, ErrForeignKeys)
			}
		})
	}
}
