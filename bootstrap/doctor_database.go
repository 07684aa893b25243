package bootstrap

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
)

const oldestPostgres = 140000

// checkDatabase looks at what lies in the database only where this release knows its schema.
func (d *doctor) checkDatabase(ctx context.Context) []finding {
	look := d.checkPostgres
	if d.cfg.EmbeddedDatabase() {
		look = d.checkSQLite
	}
	findings, readable := look(ctx)
	if readable {
		findings = append(findings, d.checkStores(ctx)...)
	}
	return findings
}

func (d *doctor) checkPostgres(ctx context.Context) (findings []finding, readable bool) {
	asked := d.now()
	found, err := sqlstore.InspectPostgres(ctx, d.cfg.Database.URL)
	if err != nil {
		return []finding{fail("does not answer as wanted: "+err.Error(), "see whether database.url names the right host, database and "+
			"account, and whether the server lets this machine in").of("database")}, false
	}
	said := "PostgreSQL " + found.Version
	server := d.checkClock(said, asked, found.Clock)
	if found.Number < oldestPostgres {
		server = fail(said+" is too old", "use PostgreSQL 14 or later")
	}
	schema := checkSchema(found.Schema)
	return []finding{server.of("database"), schema.of("migrations")}, schema.Verdict == verdictOK
}

func (d *doctor) checkSQLite(ctx context.Context) (findings []finding, readable bool) {
	_, err := os.Stat(filepath.Join(d.cfg.DataDir, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return []finding{ok("embedded, not there yet").of("database")}, false
	}
	if err == nil {
		err = sqlstore.CheckFile(ctx, databaseURL(d.cfg))
	}
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, domain.ErrUnavailable): // which says nothing of what is in it
		return []finding{d.unread(err).of("database")}, false
	case err != nil:
		return []finding{fail(err.Error(), "restore the newest backup into another folder, and keep this one").of("database")}, false
	}
	whole := ok("embedded, sound").of("database")
	state, err := sqlstore.InspectSQLite(ctx, databaseURL(d.cfg))
	if err != nil {
		return []finding{whole, fail("the schema cannot be read: "+err.Error(), "see who may read data_dir, and run doctor as the service's account").of("migrations")}, false
	}
	schema := checkSchema(state)
	return []finding{whole, schema.of("migrations")}, schema.Verdict == verdictOK
}

func checkSchema(state sqlstore.SchemaState) finding {
	switch {
	case state.Newer:
		return fail("the schema is that of a later release", "run that release, or take its steps back with its menjin migrate down")
	case state.Pending > 0:
		return warn(plural(int64(state.Pending), "step of the schema is", "steps of the schema are")+" pending", "run menjin migrate up, or "+restart)
	}
	return ok("schema up to date")
}

func (d *doctor) checkStores(ctx context.Context) []finding {
	ring := vault.New(d.now)
	db, err := sqlstore.Open(ctx, sqlstore.Options{URL: databaseURL(d.cfg), MaxConns: 2, ReadOnly: true, Cipher: ring, Codec: cloudevent.New()})
	if err != nil {
		unread := d.unread(err)
		return []finding{unread.of("keys"), unread.of("outbox")}
	}
	defer func() { _ = db.Close() }() // nothing was written
	return []finding{d.checkKeys(ctx, db, ring).of("keys"), d.checkOutbox(ctx, db).of("outbox")}
}

// unread is the finding of what the database does not let us read.
func (d *doctor) unread(err error) finding {
	advice := "see what it says of the cause; if rights are lacking, grant the account that database.url names those of the service's"
	if d.cfg.EmbeddedDatabase() {
		advice = "see what it says of the cause, and run doctor as the service's account"
	}
	return fail("cannot be read: "+err.Error(), advice)
}

// checkOutbox warns of what menjin outbox status shows and somebody has to decide on.
func (d *doctor) checkOutbox(ctx context.Context, db *sqlstore.DB) finding {
	status, err := provideOutbox(db, d.now).Status(ctx)
	if err != nil {
		return fail(err.Error(), "see menjin outbox status, and how busy the database is")
	}
	return judgeOutbox(status, d.now())
}
