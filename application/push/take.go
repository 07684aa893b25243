package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// ErrForeign says that a message names another mini-program than the one it was pushed to.
var ErrForeign = errors.New("message of another mini-program")

// Eraser erases users at once. Erasing one who is gone already is no error.
type Eraser interface {
	Erase(ctx context.Context, user domain.UserID, note *update.Note) error
}

// Take takes in one message.
type Take struct {
	tx      ports.Transactor
	updates *update.Users
	users   ports.UserReader
	eraser  Eraser
	log     *slog.Logger
}

// NewTake makes the use case.
func NewTake(tx ports.Transactor, updates *update.Users, users ports.UserReader, eraser Eraser, log *slog.Logger) *Take {
	return &Take{tx, updates, users, eraser, log}
}

// Do does what a message asks for, once, however often it comes and to how many replicas at the same time. One that asks for
// nothing here, or concerns nobody known, is no error. After any error but ErrForeign it should come again.
func (uc *Take) Do(ctx context.Context, m Message) error {
	if m.Named != "" && m.Named != m.App {
		return ErrForeign
	}
	err := uc.act(ctx, m)
	if errors.Is(err, ports.ErrSeenBefore) {
		return nil
	}
	return err
}

func (uc *Take) act(ctx context.Context, m Message) error {
	if !m.isEvent() {
		return uc.remember(ctx, m)
	}
	switch name := m.name(); name {
	case authorizationRevoked:
		return uc.withdraw(ctx, m, revoked(m.RevokeInfo))
	case profileCleaned:
		return uc.withdraw(ctx, m, withdrawn{profile: true})
	case authorizationCancelled:
		return uc.cancel(ctx, m)
	default:
		return uc.publish(ctx, m, name)
	}
}

// remember keeps the delivery of a message that changes nothing from bringing another one that does.
func (uc *Take) remember(ctx context.Context, m Message) error {
	if m.Delivery == ([32]byte{}) {
		return nil
	}
	at := uc.updates.Begin().At
	err := uc.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error { return tx.Inbox().Add(ctx, m.Delivery, at) })
	if err != nil {
		return fmt.Errorf("remember delivery: %w", err)
	}
	return nil
}

// markTaken keeps the message, and its delivery, from having an effect again.
func (m Message) markTaken(ctx context.Context, tx ports.Tx, c update.Change) error {
	if m.Delivery != ([32]byte{}) {
		if err := tx.Inbox().Add(ctx, m.Delivery, c.At); err != nil {
			return fmt.Errorf("remember delivery: %w", err)
		}
	}
	if err := tx.Inbox().Add(ctx, m.digest(), c.At); err != nil {
		return fmt.Errorf("remember message: %w", err)
	}
	return nil
}
