// Package inbox gives handlers of events exactly-once effect: it remembers each event in a table of the database that they
// work on, in the same transaction. An event that comes again, after a crash between commit and acknowledgement say, is found
// there and passed over.
//
//	box := inbox.New("greeter", inbox.PostgreSQL)
//	if err := box.Create(ctx, db); err != nil { … } // or put inbox.Schema into your migrations
//
//	greeter.OnRegistered(inbox.Once(box, db, func(ctx context.Context, tx *sql.Tx, event menjin.Event[menjin.Registered]) error {
//		_, err := tx.ExecContext(ctx, `insert into greetings (user_id) values ($1)`, event.UserID)
//		return err
//	}))
//
// What leaves the database cannot be taken back by a rollback: write down in the transaction that a mail is due and send it
// afterwards, rather than send it in the handler.
//
// The table grows by a row for each event. [Inbox.Sweep] forgets the old ones; keep at least 38 days:
//
//	swept, err := box.Sweep(ctx, db, time.Now().AddDate(0, 0, -38)) // once a day
//
// Whoever begins transactions in another way (Bun, sqlc, a transaction that is wider than the handler) calls [Record] with
// the *sql.Tx and does nothing when it says that the event is not fresh.
package inbox
