package bootstrap

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/wechat"
	"github.com/menjin-id/menjin/bootstrap/certfile"
	"github.com/menjin-id/menjin/bootstrap/config"
)

const (
	keyAge         = 100 * 24 * time.Hour // keys are replaced after ninety days
	mostSkew       = 2 * time.Second
	badSkew        = 30 * time.Second
	renewBefore    = 21 * 24 * time.Hour
	oldestPostgres = 140000
	littleDisk     = 1 << 30
	noDisk         = 100 << 20
)

const restart = "start the service, which does it by itself, or look in its log why it does not"

func checkFolder(folder string) finding {
	if !exists(folder) {
		return ok("is not there yet; the service makes it")
	}
	if runtime.GOOS == "windows" {
		return ok(folder)
	}
	var bare []string
	err := filepath.WalkDir(filepath.Join(folder, "keys"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // no keys there, or none that can be listed
		}
		if info, err := entry.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
			bare = append(bare, path)
		}
		return nil
	})
	if err != nil {
		return warn(err.Error(), "see who may read the folder")
	}
	if len(bare) > 0 {
		return fail("others can read "+strings.Join(bare, ", "), "chmod 600 them; if others have accounts here, rotate with menjin keys rotate --master")
	}
	if info, err := os.Stat(folder); err == nil && info.Mode().Perm()&0o077 != 0 {
		return warn(fmt.Sprintf("%s has mode %04o", folder, info.Mode().Perm()), "chmod 700 it")
	}
	return ok("keys and folder are their owner's alone")
}

func checkDisk(folder string) finding {
	for !exists(folder) && folder != filepath.Dir(folder) {
		folder = filepath.Dir(folder)
	}
	free, all, err := freeSpace(folder)
	if err != nil {
		return ok(err.Error())
	}
	found := fmt.Sprintf("%d MiB of %d MiB free", free>>20, all>>20)
	switch {
	case free < noDisk:
		return fail(found, "make room where data_dir is: nobody can sign in on a full disk")
	case free < littleDisk:
		return warn(found, "make room where data_dir is")
	}
	return ok(found)
}

func checkSQLite(ctx context.Context, cfg *config.Config) finding {
	if !exists(filepath.Join(cfg.DataDir, databaseFile)) {
		return ok("embedded, not there yet")
	}
	if err := sqlstore.CheckFile(ctx, databaseURL(cfg)); err != nil {
		return fail(err.Error(), "restore the newest backup into another folder, and keep this one")
	}
	return ok("embedded, sound")
}

func checkPostgres(ctx context.Context, cfg *config.Config) finding {
	found, err := sqlstore.InspectPostgres(ctx, cfg.Database.URL)
	if err != nil {
		return fail("does not answer as wanted: "+err.Error(), "see whether database.url names the right host, database and account, and whether the server lets this machine in")
	}
	said := "PostgreSQL " + found.Version
	switch {
	case found.Newer:
		return fail(said+", with the schema of a later release", "run that release, or take its steps back with its menjin migrate down")
	case found.Number < oldestPostgres:
		return fail(said+" is too old", "use PostgreSQL 14 or later")
	}
	if skewed := checkClock(said, found.Clock); skewed.Verdict != verdictOK {
		return skewed
	}
	switch {
	case found.Pending > 0:
		return warn(fmt.Sprintf("%s, %d steps of the schema pending", said, found.Pending), "run menjin migrate up, or "+restart)
	case isOld(found.SigningKey) || isOld(found.DataKey):
		return warn(said+", keys have not been replaced for more than 90 days", restart+"; or run menjin keys rotate")
	}
	return ok(said + ", schema up to date")
}

func isOld(made time.Time) bool { return !made.IsZero() && time.Since(made) > keyAge }

func checkClock(said string, clock time.Time) finding {
	const advice = "set the clocks by NTP (chrony, systemd-timesyncd), here and there: sessions and tokens end by them"
	skew := time.Since(clock).Abs().Round(time.Millisecond)
	switch {
	case skew > badSkew:
		return fail(fmt.Sprintf("%s, whose clock differs by %s", said, skew), advice)
	case skew > mostSkew:
		return warn(fmt.Sprintf("%s, whose clock differs by %s", said, skew), advice)
	}
	return ok(said)
}

func checkRedis(ctx context.Context, cfg *config.Config) finding {
	redisstore.LogTo(slog.New(slog.DiscardHandler))
	client, err := redisstore.Connect(ctx, cfg.Sessions.URL)
	if err != nil {
		return fail("does not answer as wanted: "+err.Error(), "see whether sessions.url names the right hosts and account")
	}
	defer client.Close()
	found, err := redisstore.Inspect(ctx, client)
	if err != nil {
		return fail(err.Error(), "let the account use TIME and INFO, or look at the server")
	}
	said := "Redis " + found.Version
	if found.Eviction != "" && found.Eviction != "noeviction" {
		return warn(said+" may evict keys ("+found.Eviction+")", "set maxmemory-policy to noeviction: an evicted session signs somebody out")
	}
	return checkClock(said, found.Clock)
}

func checkNATS(ctx context.Context, cfg *config.Config) finding {
	bus, err := natsbus.Connect(cfg.Events.URL, natsbus.Options{
		Stream: natsbus.StreamOptions{Replicas: cfg.Events.Replicas}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return fail(err.Error(), "see events.url")
	}
	defer bus.Close()
	found, err := bus.Inspect(ctx)
	if err != nil {
		return fail("does not answer as wanted: "+err.Error(), "see whether events.url names the right hosts and account, and whether JetStream is on there")
	}
	said := "NATS " + found.Version
	switch {
	case !found.HasStream:
		return warn(said+" has no stream "+natsbus.StreamName, restart)
	case found.Fault != "":
		return fail(said+": "+found.Fault, "move that stream away, or delete it once nobody needs it; the service makes its own")
	case len(found.Narrow) > 0:
		return warn(said+": the stream is narrower than configured: "+strings.Join(found.Narrow, ", "), restart)
	case found.Full > 0.8:
		return warn(fmt.Sprintf("%s: the stream is %.0f %% full", said, found.Full*100), "give it more room (max_bytes): nothing is published to a full one")
	}
	return checkClock(said, found.Clock)
}

func checkWeChat(ctx context.Context, cfg *config.Config, app config.App) finding {
	client, err := wechat.New(wechat.Options{
		BaseURL: cfg.WeChat.BaseURL, Timeout: cfg.WeChat.Timeout, Apps: []wechat.App{{ID: app.ID, Secret: app.Secret}},
	})
	if err != nil {
		return fail(err.Error(), "see wechat.base_url")
	}
	defer client.Close()
	if err := client.Diagnose(ctx, app.ID); err != nil {
		return fail(string(app.ID)+": "+err.Error(), "compare AppID, AppSecret and the list of addresses with WeChat's console "+
			"(Development settings), and see whether this machine reaches wechat.base_url")
	}
	return ok(string(app.ID) + " is accepted")
}

func checkCertificate(cfg *config.Config) finding {
	cert, err := certfile.Load(cfg.HTTP.TLSCertFile, cfg.HTTP.TLSKeyFile, time.Now())
	if err != nil {
		return fail(err.Error(), "renew it")
	}
	left := time.Until(cert.Leaf.NotAfter)
	found := fmt.Sprintf("ends %s", cert.Leaf.NotAfter.Format(time.RFC3339))
	if left < renewBefore {
		return warn(found, "see why it is not renewed; a renewed one is taken without a restart")
	}
	return ok(found)
}
