package push

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// publish hands an event on to whoever follows the events.
func (uc *Take) publish(ctx context.Context, m Message, name string) error {
	about, err := uc.concerned(ctx, m)
	if err != nil {
		return err
	}
	c := uc.updates.Begin()
	pushed, stamp := domain.WeChatPushed{AppID: m.App, Name: name, Content: anonymous(m)}, c.Stamp()
	return uc.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if pushed.UserID, err = stillThere(ctx, tx, about); err != nil {
			return err
		}
		if err := m.markTaken(ctx, tx, c); err != nil {
			return err
		}
		event := domain.PushedByWeChat(pushed, stamp)
		if err := tx.Outbox().Append(ctx, event); err != nil {
			return fmt.Errorf("append event: %w", err)
		}
		return nil
	})
}

// stillThere keeps a user from being deleted until the transaction ends, so that nothing is told of one who is gone; it
// returns zero for such a one.
func stillThere(ctx context.Context, tx ports.Tx, id domain.UserID) (domain.UserID, error) {
	if id.IsZero() {
		return id, nil
	}
	_, err := tx.Users().ForUpdate(ctx, id)
	if errors.Is(err, domain.ErrUserNotFound) {
		return domain.UserID{}, nil
	}
	if err != nil {
		return domain.UserID{}, fmt.Errorf("load user: %w", err)
	}
	return id, nil
}

// concerned returns the user whom a message is about or from; zero for nobody known.
func (uc *Take) concerned(ctx context.Context, m Message) (domain.UserID, error) {
	for _, id := range []domain.Secret{m.OpenID, m.From} {
		openID, err := domain.NewOpenID(id.Reveal())
		if err != nil {
			continue
		}
		user, err := uc.users.ByWeChat(ctx, m.App, openID)
		if err == nil {
			return user.ID(), nil
		}
		if !errors.Is(err, domain.ErrUserNotFound) {
			return domain.UserID{}, fmt.Errorf("find user: %w", err)
		}
	}
	return domain.UserID{}, nil
}
