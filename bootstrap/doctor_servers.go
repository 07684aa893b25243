package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/redisstore"
)

func (d *doctor) checkRedis(ctx context.Context) finding {
	client, err := redisstore.Connect(ctx, d.cfg.Sessions.URL)
	if err != nil {
		return fail("does not answer as wanted: "+err.Error(), "see whether sessions.url names the right hosts and account")
	}
	defer client.Close()
	asked := d.now()
	found, err := redisstore.Inspect(ctx, client)
	if err != nil {
		return fail(err.Error(), "let the account use TIME and INFO, or look at the server")
	}
	said := "Redis " + found.Version
	if skewed := d.checkClock(said, asked, found.Clock); skewed.Verdict != verdictOK {
		return skewed
	}
	if found.Eviction != "" && found.Eviction != "noeviction" {
		return warn(said+" may evict keys ("+found.Eviction+")", "set maxmemory-policy to noeviction: an evicted session signs somebody out")
	}
	return checkPersistence(ctx, client, said)
}

// checkPersistence asks what Redis would still know after a restart. An account that may not read settings is not told of snapshots,
// and then nothing is said of them.
func checkPersistence(ctx context.Context, client redis.UniversalClient, said string) finding {
	text, err := client.Info(ctx, "persistence").Result()
	if err != nil {
		return warn(said+" does not tell what it writes to its disk", "let the account use INFO, or look at appendonly and save yourself")
	}
	state := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		state[name] = value
	}
	appends := state["aof_enabled"] == "1"
	snapshots, err := client.ConfigGet(ctx, "save").Result()
	switch {
	case appends && state["aof_last_write_status"] == "err", state["rdb_last_bgsave_status"] == "err":
		return warn(said+" could not write to its disk the last time", "look in its log, and at the room on its disk: what it has not written is lost with it")
	case !appends && err == nil && snapshots["save"] == "":
		return warn(said+" writes nothing to its disk", "set appendonly yes: its restart signs everybody out")
	}
	return ok(said)
}

func (d *doctor) busOptions() natsbus.Options {
	return natsbus.Options{Stream: natsbus.StreamOptions{Replicas: d.cfg.Events.Replicas}, Log: quiet}
}

func (d *doctor) checkNATS(ctx context.Context) finding {
	bus, err := natsbus.Connect(d.cfg.Events.URL, d.busOptions())
	if err != nil {
		return fail(err.Error(), "see events.url")
	}
	defer bus.Close()
	asked := d.now()
	found, err := bus.Inspect(ctx)
	if err != nil {
		return fail("does not answer as wanted: "+err.Error(), "see whether events.url names the right hosts and account, and whether JetStream is on there")
	}
	return d.judgeStream("NATS "+found.Version, asked, found)
}

// checkEmbeddedNATS opens the store as the service would, while there is no service.
func (d *doctor) checkEmbeddedNATS(ctx context.Context) finding {
	store := filepath.Join(d.cfg.DataDir, natsFolder)
	info, err := os.Stat(store)
	switch {
	case err != nil:
		return ok("embedded, not there yet")
	case runtime.GOOS == "windows": // no lock tells whether a service has it open
		return ok("embedded, and not looked at on this system")
	case !ownedByUs(info):
		return warn("embedded, and not looked at: "+store+" belongs to another account", "run doctor as the service's account, which files it writes are to belong to")
	}
	if !info.IsDir() {
		return fail("embedded, and cannot be opened: "+store+" is no folder", storeAdvice)
	}
	_, unlock, err := holdDataFolder(d.cfg)
	if _, running := errors.AsType[folderInUse](err); running {
		return ok("embedded, in use by the service that runs, which has made or widened the stream at its start; stop it to have the store itself looked at")
	}
	if err != nil {
		return fail(err.Error(), "see who may write to data_dir")
	}
	defer unlock()
	return d.openStore(ctx, store)
}

const storeAdvice = "move " + natsFolder + " in data_dir away: the service makes the stream anew and publishes the last seven days again; or restore a backup"

func (d *doctor) openStore(ctx context.Context, store string) finding {
	server, err := natsbus.StartEmbedded(store, natsbus.EmbeddedOptions{Log: quiet})
	if err != nil {
		return fail("embedded, and cannot be opened: "+err.Error(), storeAdvice)
	}
	defer server.Close()
	bus, err := server.Connect(d.busOptions())
	if err != nil {
		return fail("embedded, and cannot be opened: "+err.Error(), storeAdvice)
	}
	defer bus.Close()
	asked := d.now()
	found, err := bus.Inspect(ctx)
	if err != nil {
		return fail("embedded, and the stream cannot be read: "+err.Error(), storeAdvice)
	}
	if lying, err := filepath.Glob(filepath.Join(store, "jetstream", "*", "streams", natsbus.StreamName)); !found.HasStream && err == nil && len(lying) > 0 {
		return fail("embedded, and the stream that lies in it cannot be read", storeAdvice)
	}
	return d.judgeStream("embedded NATS "+found.Version, asked, found)
}

func (d *doctor) judgeStream(said string, asked time.Time, found natsbus.Inspection) finding {
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
	return d.checkClock(said, asked, found.Clock)
}
