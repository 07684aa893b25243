package bootstrap

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"golang.org/x/text/unicode/norm"

	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/application/signingkey"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Operator is what the command line does to users, keys and the outbox, beside a service that runs or without one.
type Operator struct {
	reader ports.UserReader
	finder ports.UserFinder
	create *admin.Create
	lock   *admin.Lock
	roles  *admin.Roles
	keeper *signingkey.Keeper
	keys   ports.SigningKeys

	outbox    *admin.Outbox
	published ports.PublishedEvents
	cfg       *config.Config

	dataKeys  *datakey.Keeper
	reencrypt *datakey.Reencrypt
	rows      ports.SealedRows
	tx        ports.Transactor
	now       ports.Clock
	newID     ports.NewID
}

var operator = admin.Actor{Operator: true}

// withOperator builds an Operator on the configured parts for the time of a command. It takes an embedded database that is not
// there for a folder that was mistaken, and makes none: an empty one would look like a service where all is well.
func withOperator(cmd *cobra.Command, options *globalOptions, do func(ctx context.Context, o *Operator) error) error {
	return operate(cmd, options, true, do)
}

// operate also serves the command that may come before the first start.
func operate(cmd *cobra.Command, options *globalOptions, existing bool, do func(ctx context.Context, o *Operator) error) error {
	cfg, log, err := loggedConfig(options)
	if err != nil {
		return err
	}
	if existing && cfg.EmbeddedDatabase() {
		if err := databaseThere(cfg); err != nil {
			return err
		}
	}
	o, closeAll, err := newOperator(cmd.Context(), cfg, log)
	if err != nil {
		return err
	}
	defer closeAll()
	return do(cmd.Context(), o)
}

// find takes an id or a username.
func (o *Operator) find(ctx context.Context, text string) (*domain.User, error) {
	if id, err := domain.ParseUserID(text); err == nil {
		return o.reader.ByID(ctx, id)
	}
	name, err := domain.NewUsername(norm.NFKC.String(text))
	if err != nil {
		return nil, fmt.Errorf("%q is neither a user's id nor a username", text)
	}
	return o.finder.ByUsername(ctx, name)
}
