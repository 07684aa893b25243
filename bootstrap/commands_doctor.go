package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/bootstrap/config"
)

// checkPatience is how long one check may take.
const checkPatience = 5 * time.Second

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
		Long: `Examines the configuration, the database, Redis and NATS (whether they answer, their versions, clocks and settings), the
WeChat credentials (by asking for the access_token in force, which spends no code and takes the token from nobody), the age
and file modes of keys, the certificate and the room on the disk. It changes nothing, prints no secret, and takes five
seconds per check at most; checks run side by side.

The exit status is 0 when all is well, 1 when something is worth a look, 2 when something does not work.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := examine(cmd.Context(), options)
			if err := sayFindings(cmd.OutOrStdout(), findings, asJSON); err != nil {
				return err
			}
			status := exitStatus(0)
			for _, found := range findings {
				switch found.Verdict {
				case verdictWarn:
					status = max(status, 1)
				case verdictFail:
					status = 2
				}
			}
			if status == 0 {
				return nil
			}
			return status
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
	findings := []finding{{Check: "configuration", Verdict: verdictOK, Found: "profile " + string(cfg.Profile)}}
	if cfg.Profile != config.Production {
		findings[0].Found += ", which is not for production"
	}
	checks := doctorChecks(cfg)
	results := make([]finding, len(checks))
	var wait sync.WaitGroup
	for i, check := range checks {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkPatience)
			defer cancel()
			results[i] = check.run(ctx)
			results[i].Check = check.name
		})
	}
	wait.Wait()
	return append(findings, results...)
}

func configFaults(err error) []finding {
	faults := []error{err}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		faults = joined.Unwrap()
	}
	var findings []finding
	for _, fault := range faults {
		found := fail(fault.Error(), "see menjin config print for what the keys mean")
		found.Check = "configuration"
		findings = append(findings, found)
	}
	return findings
}

type doctorCheck struct {
	name string
	run  func(ctx context.Context) finding
}

func doctorChecks(cfg *config.Config) []doctorCheck {
	checks := []doctorCheck{
		{"data_dir", func(context.Context) finding { return checkFolder(cfg.DataDir) }},
		{"disk", func(context.Context) finding { return checkDisk(cfg.DataDir) }},
	}
	if !cfg.EmbeddedDatabase() {
		checks = append(checks, doctorCheck{"database", func(ctx context.Context) finding { return checkPostgres(ctx, cfg) }})
	} else {
		checks = append(checks, doctorCheck{"database", func(ctx context.Context) finding { return checkSQLite(ctx, cfg) }})
	}
	if !cfg.SessionsInDatabase() {
		checks = append(checks, doctorCheck{"redis", func(ctx context.Context) finding { return checkRedis(ctx, cfg) }})
	}
	if !cfg.EmbeddedEvents() {
		checks = append(checks, doctorCheck{"nats", func(ctx context.Context) finding { return checkNATS(ctx, cfg) }})
	}
	if !cfg.SandboxWanted() {
		for _, app := range cfg.WeChat.Apps {
			checks = append(checks, doctorCheck{"wechat", func(ctx context.Context) finding { return checkWeChat(ctx, cfg, app) }})
		}
	}
	if cfg.HTTP.TLSCertFile != "" {
		checks = append(checks, doctorCheck{"certificate", func(context.Context) finding { return checkCertificate(cfg) }})
	}
	return checks
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
