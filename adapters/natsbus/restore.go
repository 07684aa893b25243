package natsbus

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"
)

// Restored is the identity of the stream of events before and after, as ports.StreamPosition has it: to the server a restored
// stream is a new one, and it must not be taken for one that has lost everything. Both are empty where there was no stream.
type Restored struct{ Was, Is string }

// Restore makes the streams that a folder holds the copies of, with their sequence numbers and consumers. The server must have
// none of them yet.
func (e *Embedded) Restore(ctx context.Context, folder string) (restored Restored, err error) {
	err = e.eachAccount(func(name string, conn *nats.Conn) error {
		found, err := filepath.Glob(filepath.Join(folder, name, "*"+descriptionEnd))
		if err != nil {
			return err
		}
		for _, path := range found {
			stream := filepath.Base(path[:len(path)-len(descriptionEnd)])
			identities, err := restoreStream(ctx, conn, filepath.Join(folder, name), stream)
			if err != nil {
				return fmt.Errorf("restore stream %s: %w", stream, err)
			}
			if stream == StreamName {
				restored = identities
			}
		}
		return nil
	})
	return restored, err
}

func restoreStream(ctx context.Context, conn *nats.Conn, folder, stream string) (restored Restored, err error) {
	text, err := os.ReadFile(filepath.Join(folder, stream+descriptionEnd)) //nolint:gosec // of a folder just written
	if err != nil {
		return restored, err
	}
	var before described
	if err := json.Unmarshal(text, &before); err != nil {
		return restored, err
	}
	file, err := os.Open(filepath.Join(folder, stream+contentEnd)) //nolint:gosec // as above
	if err != nil {
		return restored, err
	}
	defer file.Close()
	answer, err := ask(ctx, conn, "$JS.API.STREAM.RESTORE."+stream, before.description)
	if err != nil {
		return restored, err
	}
	chunk := make([]byte, snapshotChunk)
	for from := bufio.NewReader(file); ; {
		n, err := io.ReadFull(from, chunk)
		if n > 0 {
			if _, err := give(ctx, conn, answer.DeliverSubject, chunk[:n]); err != nil {
				return restored, err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return restored, err
		}
	}
	if _, err := give(ctx, conn, answer.DeliverSubject, nil); err != nil { // the end
		return restored, err
	}
	restored.Was = before.Identity
	restored.Is, err = identityOf(ctx, conn, stream)
	return restored, err
}
