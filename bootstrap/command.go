package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/bootstrap/config"
)

// Main runs the command line and returns the exit status. The first SIGINT or SIGTERM asks the command to finish, a second
// ends the process at once.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from here on a signal has its usual effect

	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	return exit(err)
}

// exit is the status for an error, which is told here unless the command has told it.
func exit(err error) int {
	if status, told := errors.AsType[exitStatus](err); told {
		return int(status)
	}
	printFaults(err)
	if failure, ok := errors.AsType[failure](err); ok {
		return failure.status
	}
	return 1
}

// printFaults writes each fault on a line of its own, so that all can be mended at once.
func printFaults(err error) {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		if faults := joined.Unwrap(); len(faults) > 0 && isFault(faults[0]) {
			fmt.Fprintln(os.Stderr, "menjin: the configuration cannot be used:")
			for _, fault := range faults {
				fmt.Fprintln(os.Stderr, "  "+fault.Error())
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, "menjin: "+err.Error())
}

func isFault(err error) bool {
	var fault config.Fault
	return errors.As(err, &fault)
}

func newRoot() *cobra.Command {
	options := &globalOptions{}
	root := &cobra.Command{
		Use:   "menjin",
		Short: "Identity backend for WeChat mini-programs",
		Long: `Menjin (门禁) signs the users of WeChat mini-programs in, keeps their sessions and tells other services of them.

Without a command it serves, with everything embedded unless configured otherwise.
Settings come from built-in values, then --config, then the environment (key a.b_c is MENJIN_A_B_C,
MENJIN_A_B_C_FILE reads the value from a file); see menjin config print.`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), options) },
	}
	root.PersistentFlags().StringVar(&options.file, "config", "", "YAML file with settings")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		&cobra.Command{
			Use: "serve", Short: "Serve the API (the default)", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), options) },
		},
		newMigrateCommand(options), newKeysCommand(options), newUserCommand(options), newOutboxCommand(options), newConfigCommand(options),
		newSandboxCommand(options), newDemoCommand(options), newHealthCommand(options),
		newBackupCommand(options), newRestoreCommand(options), newTransferCommand(options), newDoctorCommand(options), newVersionCommand(),
	)
	return explained(root)
}

// globalOptions are the flags of every command.
type globalOptions struct{ file string }

func (o *globalOptions) load() (*config.Config, error) {
	return config.Load(o.file, os.Environ())
}

func newConfigCommand(options *globalOptions) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check and show the configuration"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: "Report every fault, each by its key", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				cfg, err := options.load()
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "the configuration is good (profile %s)\n", cfg.Profile)
				return nil
			},
		},
		newConfigPrintCommand(options),
	)
	return cmd
}

func newConfigPrintCommand(options *globalOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use: "print", Short: "Show every key, its value, where it comes from and what it means; secrets are redacted", Args: cobra.NoArgs,
	}
	asJSON := asksForJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, faults := config.Examine(options.file, os.Environ()) // whoever has a fault to mend comes here for the keys
		show := cfg.Print
		if *asJSON {
			show = func(out io.Writer) error {
				return writeJSON(out, map[string]any{"profile": cfg.Profile, "settings": cfg.Shown()})
			}
		}
		if err := show(cmd.OutOrStdout()); err != nil {
			return err
		}
		return faults
	}
	return cmd
}

func newVersionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "version", Short: "Show the version", Args: cobra.NoArgs}
	asJSON := asksForJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *asJSON {
			return writeJSON(cmd.OutOrStdout(), versionReport())
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), version())
		return err
	}
	return cmd
}
