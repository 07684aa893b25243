package bootstrap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/text/unicode/norm"

	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/domain"
)

func newUserCommand(options *globalOptions) *cobra.Command {
	user := &cobra.Command{
		Use: "user", Short: "Create, lock and unlock users, and grant roles",
		Long: `Create, lock and unlock users, and grant roles. USER is an id or a username. What is done is noted in the audit log
and told by events; a service that runs needs no restart.`,
	}
	user.PersistentFlags().Bool("json", false, "print JSON")
	user.AddCommand(newUserCreateCommand(options), newUserLockCommand(options), newUserUnlockCommand(options), newUserGrantCommand(options))
	return user
}

func newUserCreateCommand(options *globalOptions) *cobra.Command {
	var email, passwordFile string
	var roles []string
	cmd := &cobra.Command{
		Use: "create USERNAME", Short: "Create a user with a password, read from --password-file or the first line of standard input", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			account, err := readAccount(args[0], email, passwordFile, cmd.InOrStdin())
			if err != nil {
				return describe(err)
			}
			granted, err := parseRoles(roles)
			if err != nil {
				return describe(err)
			}
			return operate(cmd, options, false, func(ctx context.Context, o *Operator) error {
				user, err := o.create.Do(ctx, operator, account)
				if err == nil && len(granted) > 0 {
					user, err = o.roles.Set(ctx, operator, user.ID(), granted)
				}
				return report(cmd, "created", user, err)
			})
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "e-mail address, with which the user can sign in as well")
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "file with the password")
	cmd.Flags().StringSliceVar(&roles, "role", nil, "role to grant: support or admin")
	return cmd
}

func readAccount(name, email, passwordFile string, in io.Reader) (account signin.Account, err error) {
	if account.Username, err = domain.NewUsername(norm.NFKC.String(name)); err != nil {
		return account, err
	}
	if email != "" {
		if account.Email, err = domain.NewEmail(norm.NFKC.String(email)); err != nil {
			return account, err
		}
	}
	if passwordFile != "" {
		file, err := os.Open(passwordFile) //nolint:gosec // the operator names the file
		if err != nil {
			return account, fmt.Errorf("read password: %w", err)
		}
		defer file.Close()
		in = file
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return account, fmt.Errorf("read password: %w", err)
	}
	account.Password, err = domain.NewPassword("password", strings.TrimRight(line, "\r\n"), account.Username)
	return account, err
}

func newUserLockCommand(options *globalOptions) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "lock USER", Short: "Keep a user from signing in, and end their sessions", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				user, err := o.find(ctx, args[0])
				if err == nil {
					user, err = o.lock.Lock(ctx, operator, user.ID(), reason)
				}
				return report(cmd, "locked", user, err)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "by the operator", "why, for the audit log")
	return cmd
}

func newUserUnlockCommand(options *globalOptions) *cobra.Command {
	return &cobra.Command{
		Use: "unlock USER", Short: "Let a user sign in again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				user, err := o.find(ctx, args[0])
				if err == nil {
					user, err = o.lock.Unlock(ctx, operator, user.ID())
				}
				return report(cmd, "unlocked", user, err)
			})
		},
	}
}

func newUserGrantCommand(options *globalOptions) *cobra.Command {
	return &cobra.Command{
		Use: "grant USER [ROLE...]", Short: "Give a user just these roles: support, admin; none takes all away", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			roles, err := parseRoles(args[1:])
			if err != nil {
				return describe(err)
			}
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				user, err := o.find(ctx, args[0])
				if err == nil {
					user, err = o.roles.Set(ctx, operator, user.ID(), roles)
				}
				return report(cmd, "changed", user, err)
			})
		},
	}
}

func parseRoles(names []string) ([]domain.Role, error) {
	var roles []domain.Role
	for _, name := range names {
		role, err := domain.ParseRole(name)
		if err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	return roles, nil
}

func report(cmd *cobra.Command, done string, user *domain.User, err error) error {
	if err != nil {
		return describe(err)
	}
	if asJSON, err := cmd.Flags().GetBool("json"); err == nil && asJSON {
		return writeJSON(cmd.OutOrStdout(), userReport(done, user))
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s, roles %s\n", done, user.ID(), domain.JoinRoles(user.Roles()))
	return err
}

// describe names the faults of an input, which its text leaves out.
func describe(err error) error {
	failure, ok := errors.AsType[*domain.Error](err)
	if !ok || len(failure.Violations) == 0 {
		return err
	}
	var faults []string
	for _, fault := range failure.Violations {
		faults = append(faults, fault.Field+" "+fault.Text)
	}
	return errors.New(strings.Join(faults, "; "))
}
