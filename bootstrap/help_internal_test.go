package bootstrap

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// commands are all there are but help's own.
func commands() (all []*cobra.Command) {
	each(newRoot(), func(cmd *cobra.Command) {
		if cmd.Name() != "help" && cmd.Name() != "completion" {
			all = append(all, cmd)
		}
	})
	return all
}

func TestEveryCommandIsExplained(t *testing.T) {
	t.Parallel()
	for _, cmd := range commands() {
		path := cmd.CommandPath()
		if cmd.Short == "" || len(cmd.Short) > 110 || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: its one line is %q", path, cmd.Short)
		}
		explanation := strings.TrimSpace(strings.TrimSuffix(cmd.Long, usualStatus))
		if explanation == "" && cmd.Example == "" {
			t.Errorf("%s has neither an explanation nor an example", path)
		}
		if !cmd.HasSubCommands() && !strings.Contains(cmd.Long, "exit status") {
			t.Errorf("%s does not tell its exit status", path)
		}
		for line := range strings.Lines(cmd.Long) {
			if len(line) > 140 {
				t.Errorf("%s: a line of its explanation is too wide for a terminal: %q", path, line)
			}
		}
		if cmd.Example != "" && !strings.Contains(cmd.Example, path) {
			t.Errorf("%s: its example is of something else: %s", path, cmd.Example)
		}
	}
}

func TestEveryHelpTextIsOfACommand(t *testing.T) {
	t.Parallel()
	for path := range helpTexts {
		if !slices.ContainsFunc(commands(), func(cmd *cobra.Command) bool { return cmd.CommandPath() == path }) {
			t.Errorf("there is no command %s", path)
		}
	}
}

func TestWhatListsThingsSpeaksJSON(t *testing.T) {
	t.Parallel()
	for _, cmd := range commands() {
		lists := slices.ContainsFunc([]string{"List ", "Lists ", "Show ", "Compare ", "Check "}, func(verb string) bool {
			return strings.HasPrefix(cmd.Short, verb)
		})
		if lists && !cmd.HasSubCommands() && cmd.Flags().Lookup("json") == nil && cmd.InheritedFlags().Lookup("json") == nil {
			t.Errorf("%s: %q, and has no --json", cmd.CommandPath(), cmd.Short)
		}
	}
}

func TestExamplesUseFlagsThatThereAre(t *testing.T) {
	t.Parallel()
	for _, cmd := range commands() {
		for _, word := range strings.Fields(cmd.Example) {
			name, isFlag := strings.CutPrefix(word, "--")
			name, _, _ = strings.Cut(name, "=")
			// Flags of other programs in a pipe have one dash.
			if isFlag && name != "" && !anyHas(cmd.Root(), name) {
				t.Errorf("%s: its example has --%s, which no command takes", cmd.CommandPath(), name)
			}
		}
	}
}

// anyHas looks at the command and those below it.
func anyHas(cmd *cobra.Command, flag string) (found bool) {
	each(cmd, func(cmd *cobra.Command) {
		found = found || cmd.Flags().Lookup(flag) != nil || cmd.InheritedFlags().Lookup(flag) != nil
	})
	return found
}
