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

type snapshotAnswer struct {
	description

	Error          *jetstream.APIError `json:"error,omitempty"`
	DeliverSubject string              `json:"deliver_subject"`
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

func (e *Embedded) eachAccount(do func(name string, conn *nats.Conn) error) error {
	for name, user := range map[string]nats.Option{
		"service": nats.UserInfo(serviceUser, e.password.Reveal()), "subscribers": nats.UserInfo(subscriberUser, ""),
	} {
		conn, err := nats.Connect(nats.DefaultURL, nats.InProcessServer(e.server), user, nats.NoReconnect())
		if err != nil {
			return fmt.Errorf("connect to the embedded server: %w", err)
		}
		err = do(name, conn)
		conn.Close()
		if err != nil {
			return err
		}
	}
	return nil
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

func identityOf(ctx context.Context, conn *nats.Conn, stream string) (string, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return "", err
	}
	found, err := js.Stream(ctx, stream)
	if err != nil {
		return "", err
	}
	return identity(found.CachedInfo()), nil
}

func ask(ctx context.Context, conn *nats.Conn, subject string, request any) (snapshotAnswer, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return snapshotAnswer{}, err
	}
	return give(ctx, conn, subject, text)
}

// give takes an empty answer for consent.
func give(ctx context.Context, conn *nats.Conn, subject string, content []byte) (answer snapshotAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotWait)
	defer cancel()
	message, err := conn.RequestWithContext(ctx, subject, content)
	if err != nil || len(message.Data) == 0 {
		return answer, err
	}
	if err := json.Unmarshal(message.Data, &answer); err != nil {
		return answer, fmt.Errorf("read the server's answer: %w", err)
	}
	if answer.Error != nil {
		return answer, answer.Error
	}
	return answer, nil
}
