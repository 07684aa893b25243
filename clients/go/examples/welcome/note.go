package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // the database

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/inbox"
)

// notes are the service's own data. Nothing in the table keeps a user from getting two notes: that is the inbox's work.
type notes struct {
	db    *sql.DB
	inbox *inbox.Inbox
}

func openNotes(ctx context.Context, path string) (*notes, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)")
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(1) // SQLite has one writer; waiting here is fairer than in its busy loop
	n := &notes{db: db, inbox: inbox.New(name, inbox.SQLite)}
	const table = `create table if not exists note (id integer primary key, user_id text not null, text text not null, written_at text not null)`
	if _, err = db.ExecContext(ctx, table); err == nil {
		err = n.inbox.Create(ctx, db)
	}
	if err != nil {
		n.close()
		return nil, fmt.Errorf("create the tables: %w", err)
	}
	return n, nil
}

func (n *notes) close() { _ = n.db.Close() } // what counted was committed

// welcome writes the note. Committing is the inbox's part, together with the mark that this event is done.
func (n *notes) welcome(ctx context.Context, tx *sql.Tx, event menjin.Event[menjin.Registered]) error {
	if event.Late { // the user was deleted already
		return nil
	}
	_, err := tx.ExecContext(ctx, `insert into note (user_id, text, written_at) values (?, ?, ?)`,
		event.UserID, "Welcome!", time.Now().UTC().Format(time.RFC3339))
	if err != nil {
		return fmt.Errorf("write the note: %w", err)
	}
	return nil
}

// erase forgets a user who is gone.
func (n *notes) erase(ctx context.Context, tx *sql.Tx, event menjin.Event[menjin.Deleted]) error {
	if _, err := tx.ExecContext(ctx, `delete from note where user_id = ?`, event.UserID); err != nil {
		return fmt.Errorf("erase the notes: %w", err)
	}
	return nil
}
