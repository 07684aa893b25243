package bootstrap

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/ports"
)

// checkPatience is how long one check may take.
const checkPatience = 5 * time.Second

const (
	mostSkew = 2 * time.Second
	badSkew  = 30 * time.Second
)

const restart = "start the service, which does it by itself, or look in its log why it does not"

// doctor examines what a configuration names.
type doctor struct {
	cfg     *config.Config
	file    string   // that --config names
	environ []string // as os.Environ gives it
	now     ports.Clock
	space   func(path string) (free, all uint64, err error)
}

// examination may find several things, each under a name of its own.
type examination func(ctx context.Context) []finding

// one is an examination with one finding.
func one(name string, run func(ctx context.Context) finding) examination {
	return func(ctx context.Context) []finding { return []finding{run(ctx).of(name)} }
}

// examine runs all checks side by side and returns what they found, in their order.
func (d *doctor) examine(ctx context.Context) []finding {
	checks := d.checks()
	results := make([][]finding, len(checks))
	var wait sync.WaitGroup
	for i, run := range checks {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkPatience)
			defer cancel()
			results[i] = run(ctx)
		})
	}
	wait.Wait()
	var findings []finding
	for _, found := range results {
		findings = append(findings, found...)
	}
	return findings
}

func (d *doctor) checks() []examination {
	checks := []examination{
		one("data_dir", d.checkFolder), one("secret_files", d.checkSecretFiles), one("disk", d.checkDisk), d.checkDatabase,
	}
	if !d.cfg.SessionsInDatabase() {
		checks = append(checks, one("redis", d.checkRedis))
	}
	if d.cfg.EmbeddedEvents() {
		checks = append(checks, one("nats", d.checkEmbeddedNATS))
	} else {
		checks = append(checks, one("nats", d.checkNATS))
	}
	if !d.cfg.SandboxWanted() {
		for _, app := range d.cfg.WeChat.Apps {
			checks = append(checks, one("wechat", func(ctx context.Context) finding { return d.checkWeChat(ctx, app) }))
		}
		checks = append(checks, one("clock", d.checkOwnClock))
	}
	if d.cfg.HTTP.TLSCertFile != "" {
		checks = append(checks, one("certificate", d.checkCertificate))
	}
	return checks
}

// checkClock compares a server's clock, as it was at some time since asked, with this machine's.
func (d *doctor) checkClock(said string, asked, clock time.Time) finding {
	const advice = "set the clocks by NTP (chrony, systemd-timesyncd), here and there: sessions and tokens end by them"
	skew := max(clock.Sub(d.now()), asked.Sub(clock)).Round(time.Millisecond)
	switch {
	case skew > badSkew:
		return fail(fmt.Sprintf("%s, whose clock differs by %s", said, skew), advice)
	case skew > mostSkew:
		return warn(fmt.Sprintf("%s, whose clock differs by %s", said, skew), advice)
	}
	return ok(said)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
