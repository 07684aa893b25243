package natsbus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	snapshotChunk  = 64 << 10
	snapshotWindow = 1 << 20 // less than embeddedPending
	snapshotWait   = 30 * time.Second
	descriptionEnd = ".json"
	contentEnd     = ".tar.s2"
	noContent      = "204"
)

// description is what a stream is restored from, besides its content.
type description struct {
	Config json.RawMessage `json:"config"`
	State  json.RawMessage `json:"state"`
}

// described is a description as it is kept.
type described struct {
	description

	Identity string `json:"identity"`
}

// Snapshot writes a consistent copy of every stream into a folder, with its consumers and how far they are, those of the
// subscribers too. Each account has a folder of its own there. Publishing goes on meanwhile.
func (e *Embedded) Snapshot(ctx context.Context, folder string) error {
	return e.eachAccount(func(name string, conn *nats.Conn) error {
		js, err := jetstream.New(conn)
		if err != nil {
			return err
		}
		under := filepath.Join(folder, name)
		if err := os.MkdirAll(under, 0o700); err != nil {
			return err
		}
		names := js.StreamNames(ctx)
		for stream := range names.Name() {
			if err := snapshotStream(ctx, conn, under, stream); err != nil {
				return fmt.Errorf("copy stream %s: %w", stream, err)
			}
		}
		return names.Err()
	})
}

func snapshotStream(ctx context.Context, conn *nats.Conn, folder, stream string) error {
	inbox := conn.NewInbox()
	chunks, err := conn.SubscribeSync(inbox)
	if err != nil {
		return err
	}
	defer func() { _ = chunks.Unsubscribe() }() // the connection closes soon
	answer, err := ask(ctx, conn, "$JS.API.STREAM.SNAPSHOT."+stream, map[string]any{
		"deliver_subject": inbox, "chunk_size": snapshotChunk, "window_size": snapshotWindow, "jsck": true,
	})
	if err != nil {
		return err
	}
	before, err := identityOf(ctx, conn, stream)
	if err != nil {
		return err
	}
	text, err := json.Marshal(described{answer.description, before})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, stream+descriptionEnd), text, 0o600); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(folder, stream+contentEnd), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(takeChunks(ctx, chunks, file), file.Close())
}

// takeChunks ends at the empty one, which tells whether the copy is whole.
func takeChunks(ctx context.Context, chunks *nats.Subscription, to io.Writer) error {
	for {
		bounded, cancel := context.WithTimeout(ctx, snapshotWait)
		chunk, err := chunks.NextMsgWithContext(bounded)
		cancel()
		if err != nil {
			return fmt.Errorf("wait for more: %w", err)
		}
		if len(chunk.Data) == 0 {
			if status := chunk.Header.Get("Status"); status != noContent && status != "" {
				return fmt.Errorf("the server broke off: %s %s", status, chunk.Header.Get("Description"))
			}
			return nil
		}
		if _, err := to.Write(chunk.Data); err != nil {
			return err
		}
		if chunk.Reply == "" {
			continue
		}
		if err := chunk.Respond(nil); err != nil {
			return err
		}
	}
}
