package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/bootstrap/config"
)

// verdict is how a check ended.
type verdict string

const (
	verdictOK   verdict = "ok"
	verdictWarn verdict = "warn"
	verdictFail verdict = "fail"
)

// finding is what a check has found, and what to do about it.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Found   string  `json:"found"`
	Advice  string  `json:"advice,omitempty"`
}

// of names the check.
func (f finding) of(check string) finding {
	f.Check = check
	return f
}

func ok(found string) finding { return finding{Verdict: verdictOK, Found: found} }
func warn(found, advice string) finding {
	return finding{Verdict: verdictWarn, Found: found, Advice: advice}
}

func fail(found, advice string) finding {
	return finding{Verdict: verdictFail, Found: found, Advice: advice}
}

// exitStatus ends the program without a word, as everything has been said.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func newDoctorCommand(options *globalOptions) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Examine the configuration and everything it names, and say what to do about what is wrong", Args: cobra.NoArgs,
		Long: `Examines what the configuration names, and says of each check ok, warn or fail, what that means and what to do:

  configuration  whether it can be used; when not, nothing else is looked at
  data_dir       who may read the keys in it, and the folder itself
  secret_files   who else may read the files that settings are read from
  disk           the room that is left where data_dir is
  database       PostgreSQL: whether it answers, its version and clock; SQLite: whether the file is sound
  migrations     steps of the schema that are pending, or that a later release has made
  keys           whether the master key opens the data keys, and whether a key is older than 100 days
  outbox         dead letters, users held behind one, paused shards, events that wait for more than a minute
  redis          whether it answers, its version and clock, what it evicts and whether it writes to its disk
  nats           whether it answers, its version and clock, what of the stream is narrower than wanted, how full it is
  wechat         whether each mini-program's credentials are accepted: asks for the access_token in force, which spends no
                 code and takes the token from nobody
  clock          this machine's clock against the one of wechat.base_url
  certificate    whether it goes with its key, and when it ends

It changes nothing and prints no secret. Checks run side by side and take five seconds at most, but for an embedded NATS
store, which takes up to fifteen to open. That is looked at only while no service runs, and kept from one that starts in
that moment.

The exit status is 0 when nothing has failed, also with warnings; 2 when a check has failed; 1 when the command line cannot
be understood.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := examine(cmd.Context(), options)
			if err := sayFindings(cmd.OutOrStdout(), findings, asJSON); err != nil {
				return err
			}
			if slices.ContainsFunc(findings, func(f finding) bool { return f.Verdict == verdictFail }) {
				return exitStatus(2)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings for programs to read")
	return cmd
}

func sayFindings(out io.Writer, findings []finding, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(map[string]any{"findings": findings})
	}
	for _, found := range findings {
		if _, err := fmt.Fprintf(out, "%-4s  %-14s %s\n", found.Verdict, found.Check, found.Found); err != nil {
			return err
		}
		if found.Advice != "" {
			fmt.Fprintf(out, "%22s%s\n", "→ ", found.Advice)
		}
	}
	return nil
}

// examine ends with the configuration where that cannot be used: nothing else makes sense then.
func examine(ctx context.Context, options *globalOptions) []finding {
	cfg, err := options.load()
	if err != nil {
		return configFaults(err)
	}
	found := "profile " + string(cfg.Profile)
	if cfg.Profile != config.Production {
		found += ", which is not for production"
	}
	redisstore.LogTo(quiet)
	d := &doctor{cfg: cfg, file: options.file, environ: os.Environ(), now: provideClock(), space: freeSpace}
	return append([]finding{ok(found).of("configuration")}, d.examine(ctx)...)
}

func configFaults(err error) []finding {
	faults := []error{err}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		faults = joined.Unwrap()
	}
	var findings []finding
	for _, fault := range faults {
		advice := "see menjin config print for what the keys mean"
		if setting, is := errors.AsType[config.Fault](fault); is && setting.Key == "http.tls_cert_file" {
			advice = certificateAdvice
		}
		findings = append(findings, fail(fault.Error(), advice).of("configuration"))
	}
	return findings
}
