package natsbus

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

type snapshotAnswer struct {
	description

	Error          *jetstream.APIError `json:"error,omitempty"`
	DeliverSubject string              `json:"deliver_subject"`
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
