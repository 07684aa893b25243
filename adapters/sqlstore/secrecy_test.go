package sqlstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// planted are the texts that may appear nowhere in a database.
var planted = map[string]string{
	"openid": "oPlanted-openid-0001", "unionid": "uPlanted-unionid-0001", "e-mail": "planted@example.com",
	"phone": "+8613912345678", "session_key": "cGxhbnRlZC1zZXNzaW9uLQ==", "signing key": "MC4CAQAwBQYDK2VwBCIEIPlanted",
	"key of a limit": "planted-limit-192.0.2.7", "key of a try": "planted-try-192.0.2.7",
}

// plant registers a user with all of them, and a session.
func plant(t *testing.T, db *DB) *domain.User {
	t.Helper()
	user, event := newUser(t)
	state := user.State()
	state.Username, _ = domain.NewUsername("Planted.Name")
	state.Email, _ = domain.NewEmail(planted["e-mail"])
	state.Phone, _ = domain.NewPhone(planted["phone"])
	state.WeChat[0].OpenID, _ = domain.NewOpenID(planted["openid"])
	state.WeChat[0].UnionID, _ = domain.NewUnionID(planted["unionid"])
	user = domain.RestoreUser(state)
	if err := add(t.Context(), db, user, event); err != nil {
		t.Fatal(err)
	}
	limits := domain.SessionLimits{Idle: time.Hour, Refresh: time.Hour, MaxAge: time.Hour}
	session := domain.OpenSession(domain.SessionOpening{
		ID: domain.SessionID{ID: newID()}, UserID: user.ID(), SessionKey: domain.SessionKey{Secret: domain.NewSecret(planted["session_key"])},
	}, limits, stampNow().At)
	if _, err := NewSessions(db, limits).Open(t.Context(), session, 20); err != nil {
		t.Fatal(err)
	}
	key := ports.SigningKey{ID: "planted", PEM: domain.NewSecret(planted["signing key"]), CreatedAt: stampNow().At}
	_, keyErr := NewSigningKeys(db).Rotate(t.Context(), "", key, time.Time{})
	_, limitErr := NewLimiter(db).Take(t.Context(), planted["key of a limit"], ports.Rate{Burst: 1, Per: time.Hour}, stampNow().At)
	_, tryErr := NewAttempts(db).Try(t.Context(), planted["key of a try"], stampNow().At)
	if err := errors.Join(keyErr, limitErr, tryErr); err != nil {
		t.Fatal(err)
	}
	return user
}

func wantNonePlanted(t *testing.T, where string, content []byte) {
	t.Helper()
	for what, text := range planted {
		if bytes.Contains(content, []byte(text)) || bytes.Contains(content, []byte(hex.EncodeToString([]byte(text)))) {
			t.Errorf("%s holds the %s in clear", where, what)
		}
	}
}

func TestTablesHoldNothingOfAPersonInClear(t *testing.T) {
	t.Parallel()
	db := openDB(t, Options{URL: postgres.url(t)})
	plant(t, db)
	var tables []string
	const list = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	if err := db.read().NewRaw(list).Scan(t.Context(), &tables); err != nil {
		t.Fatal(err)
	}
	dumped := 0
	for _, table := range tables {
		var lines []string
		if err := db.read().NewRaw("SELECT content::text FROM ? AS content", bun.Ident(table)).Scan(t.Context(), &lines); err != nil {
			t.Fatal(err)
		}
		dumped += len(lines)
		wantNonePlanted(t, table, []byte(strings.Join(lines, "\n")))
	}
	if dumped < 8 { // user, identity, session, event, pending, key, limit, try
		t.Errorf("got %d rows in all, want those of the user", dumped)
	}
}

func TestFilesHoldNothingOfAPersonInClear(t *testing.T) {
	t.Parallel()
	address := sqliteURL(t)
	plant(t, openDB(t, Options{URL: address}))
	path, err := sqlitePath(address)
	if err != nil {
		t.Fatal(err)
	}
	var content []byte
	for _, name := range []string{path, path + "-wal"} {
		part, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, part...)
	}
	if !bytes.Contains(content, []byte("Planted.Name")) {
		t.Error("the files do not hold the user at all")
	}
	wantNonePlanted(t, "a file", content)
}

func TestErrorsQuoteNoValues(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			plant(t, db)
			clash := func(change func(*domain.UserState)) error {
				user, event := newUser(t)
				state := user.State()
				change(&state)
				return add(t.Context(), db, domain.RestoreUser(state), event)
			}
			for what, err := range map[string]error{
				"username": clash(func(s *domain.UserState) { s.Username, _ = domain.NewUsername("PLANTED.name") }),
				"e-mail":   clash(func(s *domain.UserState) { s.Email, _ = domain.NewEmail("Planted@Example.COM") }),
				"phone":    clash(func(s *domain.UserState) { s.Phone, _ = domain.NewPhone(planted["phone"]) }),
			} {
				if err == nil {
					t.Errorf("%s that is taken: got no error, want one", what)
					continue
				}
				text := strings.ToLower(err.Error())
				if strings.Contains(text, "planted.name") || strings.Contains(text, "key (") || strings.Contains(text, `\x`) {
					t.Errorf("%s: the error quotes a value: %v", what, err)
				}
			}
		})
	}
}

func TestURLThatIsMalformedIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://menjin:hunter2@localhost:port/menjin", "postgres://menjin:hunter2%zz@localhost/menjin",
		"postgres://localhost/menjin?password=hunter2&sslmode=perhaps", "mysql://menjin:hunter2@localhost/menjin",
	} {
		_, opening := Open(t.Context(), Options{URL: domain.NewSecret(address), Cipher: testVault(), Codec: noCodec{}})
		for _, err := range []error{opening, Migrate(t.Context(), domain.NewSecret(address))} {
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got error %v, want one without the password", err)
			}
		}
	}
}

type noCodec struct{ ports.EventCodec }

func TestFilesCopiedFromARunningDatabaseHoldWhatWasAnswered(t *testing.T) {
	t.Parallel()
	address := sqliteURL(t)
	user := register(t, openDB(t, Options{URL: address}))
	path, err := sqlitePath(address)
	if err != nil {
		t.Fatal(err)
	}
	revived := filepath.Join(t.TempDir(), "menjin.db")
	for _, suffix := range []string{"", "-wal"} { // what is left when the process is killed
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(revived+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db := openDB(t, Options{URL: domain.NewSecret(revived)})
	if _, err := NewUsers(db).ByID(t.Context(), user.ID()); err != nil {
		t.Errorf("user after the restart: %v", err)
	}
	if err := changeUser(context.Background(), db, user.ID()); err != nil {
		t.Errorf("change after the restart: %v", err)
	}
}
