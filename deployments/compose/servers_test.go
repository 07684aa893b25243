// Package compose_test runs what compose.yaml tells Redis, NATS and nginx, in real ones, with the secrets of secrets.sh.
package compose_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.yaml.in/yaml/v3"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/nginxtest"
	"github.com/menjin-id/menjin/ports"
)

// secrets runs secrets.sh in a folder of its own and returns that of the secrets.
func secrets(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	script := filepath.Join(folder, "secrets.sh")
	copyFile(t, "secrets.sh", script)
	if said, err := exec.Command("sh", script).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return filepath.Join(folder, "secrets")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	write(t, to, read(t, from))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// at gives a URL of the secrets another host; without credentials when bare.
func at(t *testing.T, secret, host string, bare bool) domain.Secret {
	t.Helper()
	address, err := url.Parse(secret)
	if err != nil {
		t.Fatal(err)
	}
	address.Host = host
	if bare {
		address.User = nil
	}
	return domain.NewSecret(address.String())
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := testserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestRedisLetsMenjinInAndNobodyElse(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	program, err := exec.LookPath("redis-server")
	if err != nil {
		testserver.Missing(t, "redis-server", "redis-server")
	}
	var file struct {
		Services struct{ Redis struct{ Command []string } }
	}
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	folder, data, host := secrets(t), t.TempDir(), "127.0.0.1:"+strconv.Itoa(freePort(t))
	command := file.Services.Redis.Command[1:]
	for i, word := range command {
		switch word {
		case "/data":
			command[i] = data
		case "/run/secrets/redis_users":
			command[i] = filepath.Join(folder, "redis_users")
		}
	}
	address := read(t, filepath.Join(folder, "sessions_url"))
	_, port, _ := strings.Cut(host, ":")
	process, err := testserver.Run(testserver.Spec{
		Path: program, Args: append(command, "--bind", "127.0.0.1", "--port", port), Dir: data, Orphaned: "KILL",
	}, func() error {
		client, err := redisstore.Connect(t.Context(), at(t, address, host, false))
		if err == nil {
			client.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Stop)

	client, err := redisstore.Connect(t.Context(), at(t, address, host, false))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	// A limit is a script, as whatever Menjin does in Redis.
	if _, err := redisstore.NewLimiter(client).Take(t.Context(), "key", ports.Rate{Burst: 1, Per: time.Minute}, time.Now()); err != nil {
		t.Errorf("Menjin's script: %v", err)
	}
	if err := client.ConfigSet(t.Context(), "appendonly", "no").Err(); err == nil {
		t.Error("Menjin may change the server's configuration")
	}
	if stranger, err := redisstore.Connect(t.Context(), at(t, address, host, true)); err == nil {
		defer stranger.Close()
		if err := stranger.Get(t.Context(), "key").Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
			t.Errorf("a stranger: got %v, want a refusal", err)
		}
	}
}

func TestNATSLetsMenjinInAndNobodyElse(t *testing.T) {
	t.Parallel()
	folder, conf := secrets(t), t.TempDir()
	copyFile(t, "nats/nats.conf", filepath.Join(conf, "nats.conf"))
	copyFile(t, filepath.Join(folder, "nats_users"), filepath.Join(conf, "users.conf"))
	options, err := server.ProcessConfigFile(filepath.Join(conf, "nats.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if options.StoreDir != "/data" || !options.JetStream {
		t.Errorf("JetStream: got %t in %s, want it in /data", options.JetStream, options.StoreDir)
	}
	options.StoreDir, options.Host, options.Port, options.HTTPPort = t.TempDir(), "127.0.0.1", server.RANDOM_PORT, 0
	options.NoSigs, options.NoLog = true, true
	broker, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	broker.Start()
	t.Cleanup(func() { broker.Shutdown(); broker.WaitForShutdown() })
	if !broker.ReadyForConnections(time.Minute) {
		t.Fatal("NATS is not ready")
	}
	host, address := broker.Addr().String(), read(t, filepath.Join(folder, "events_url"))
	bus, err := natsbus.Connect(at(t, address, host, false), natsbus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	if err := bus.EnsureStream(t.Context()); err != nil {
		t.Errorf("Menjin's stream: %v", err)
	}
	stranger := at(t, address, host, true)
	if _, err := nats.Connect(stranger.Reveal()); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("a stranger: got %v, want %v", err, nats.ErrAuthorization)
	}
}

func TestNginxServesTheAPIByTLSAndGrafanaApart(t *testing.T) {
	t.Parallel()
	menjin, grafana := answering(t, "menjin"), answering(t, "grafana")
	secure, operator, health := freePort(t), freePort(t), freePort(t)
	conf := t.TempDir()
	if err := os.CopyFS(conf, os.DirFS("../nginx")); err != nil {
		t.Fatal(err)
	}
	certificate, key := selfSigned(t)
	write(t, filepath.Join(conf, "tls_certificate"), certificate)
	write(t, filepath.Join(conf, "tls_key"), key)
	// The files see other names and ports here than in their containers; the rest is as shipped.
	place := strings.NewReplacer(
		"172.30.17.2:8080", menjin, "http://grafana:3000", "http://"+grafana, "/run/secrets/", "", "/var/log/nginx/access.log", os.DevNull,
		"listen 8443 ssl", "listen 127.0.0.1:"+strconv.Itoa(secure)+" ssl",
		"listen 3000", "listen 127.0.0.1:"+strconv.Itoa(operator), "127.0.0.1:8081", "127.0.0.1:"+strconv.Itoa(health),
	)
	for _, name := range []string{"upstreams.conf", "listen.conf"} {
		write(t, filepath.Join(conf, "menjin", name), place.Replace(read(t, "nginx/"+name)))
	}
	write(t, filepath.Join(conf, "site.conf"), "include menjin.conf;\n"+place.Replace(read(t, "nginx/operator.conf")))
	nginxtest.Start(t, conf, "site.conf", health)

	client := trusting(t, certificate)
	for address, want := range map[string]string{
		"https://127.0.0.1:" + strconv.Itoa(secure) + "/api/hello": "menjin /api/hello",
		"http://127.0.0.1:" + strconv.Itoa(operator) + "/d/menjin": "grafana /d/menjin",
		"http://127.0.0.1:" + strconv.Itoa(health) + "/":           "",
	} {
		if got := get(t, client, address); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

func answering(t *testing.T, name string) (host string) {
	t.Helper()
	stand := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(name + " " + r.URL.Path))
	}))
	t.Cleanup(stand.Close)
	return strings.TrimPrefix(stand.URL, "http://")
}
