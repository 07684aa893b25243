// Package buninbox shows an inbox in a transaction of Bun.
package buninbox_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/inbox"
)

// Customer is what this service keeps of a user.
type Customer struct {
	bun.BaseModel `bun:"table:customer"`
	UserID        string `bun:",pk"`
	Orders        int
}

// onRegistered makes a handler for subscriber.OnRegistered. Bun's transaction holds a *sql.Tx, which is what Record takes.
func onRegistered(db *bun.DB, box *inbox.Inbox) func(context.Context, menjin.Event[menjin.Registered]) error {
	return func(ctx context.Context, event menjin.Event[menjin.Registered]) error {
		return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			fresh, _, err := inbox.Record(ctx, box, tx.Tx, event)
			if err != nil || !fresh {
				return err
			}
			_, err = tx.NewInsert().Model(&Customer{UserID: event.UserID}).Exec(ctx)
			return err
		})
	}
}

func Example() {
	ctx := context.Background()
	plain, err := sql.Open("sqlite", "file::memory:?_txlock=immediate")
	if err != nil {
		fmt.Println(err)
		return
	}
	plain.SetMaxOpenConns(1) // each connection would have a memory of its own
	db, box := bun.NewDB(plain, sqlitedialect.New()), inbox.New("shop", inbox.SQLite)
	defer db.Close()
	if _, err := db.NewCreateTable().Model((*Customer)(nil)).Exec(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if err := box.Create(ctx, plain); err != nil {
		fmt.Println(err)
		return
	}

	handle := onRegistered(db, box)
	event := menjin.Event[menjin.Registered]{ID: "e1", UserID: "u1", Sequence: 1}
	for range 2 { // it comes twice: the first acknowledgement was lost
		if err := handle(ctx, event); err != nil {
			fmt.Println(err)
		}
	}
	n, err := db.NewSelect().Model((*Customer)(nil)).Count(ctx)
	fmt.Println(n, err)
	// Output: 1 <nil>
}
