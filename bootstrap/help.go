package bootstrap

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

// explained gives every command what a page of help needs and its own file does not say: an example, the exit status, and what
// was wrong with a line that could not be understood.
func explained(root *cobra.Command) *cobra.Command {
	root.SetFlagErrorFunc(misused)
	each(root, func(cmd *cobra.Command) {
		text := helpTexts[cmd.CommandPath()]
		if cmd.Long == "" {
			cmd.Long = text.long
		}
		if cmd.Example == "" {
			cmd.Example = text.example
		}
		if cmd.HasSubCommands() && !cmd.Runnable() {
			cmd.Args, cmd.RunE = cobra.ArbitraryArgs, overview
		} else if !strings.Contains(cmd.Long, "exit status") {
			cmd.Long = strings.TrimSpace(cmd.Long+"\n\n") + "\n\n" + usualStatus
		}
		if check := cmd.Args; check != nil {
			cmd.Args = func(cmd *cobra.Command, args []string) error { return misused(cmd, check(cmd, args)) }
		}
	})
	return root
}

const usualStatus = "The exit status is 0 when it is done, and 1 when it is not; why is on standard error."

// each visits a command and all below it.
func each(cmd *cobra.Command, visit func(cmd *cobra.Command)) {
	visit(cmd)
	for _, child := range cmd.Commands() {
		each(child, visit)
	}
}

// overview is what a command does that only groups others.
func overview(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misused(cmd, errors.New("unknown command \""+args[0]+"\" for \""+cmd.CommandPath()+"\""))
	}
	return cmd.Help()
}

// misused says where to read what a command takes.
func misused(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return errors.New(err.Error() + "\nSee " + cmd.CommandPath() + " --help.")
}

// asksForJSON adds the flag by which a command that lists things writes for programs.
func asksForJSON(cmd *cobra.Command) *bool { return cmd.Flags().Bool("json", false, "print JSON") }
