package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take on a machine under load.
const patience = 60 * time.Second

func TestServiceRunsInItsImageAndKeepsItsDataInTheVolume(t *testing.T) {
	t.Parallel()
	// Packing a program this large takes long under the race detector; the probe's image, with the service put in its place, has
	// the same files.
	c := unpackImage(t, filepath.Join(publishProbe(t), "menjin.oci.tar"))
	service, err := compile(t.Context(), "../..", t.TempDir(), "linux/"+runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	wantSmall(t, service)
	files, err := programFiles(service)
	if err == nil {
		err = unpack(files, c.root)
	}
	if err != nil {
		t.Fatal(err)
	}
	if said, err := c.command(nil).CombinedOutput(); err == nil || !bytes.Contains(said, []byte("wechat.app_secret: is missing")) {
		t.Errorf("production with nothing set: got %v\n%s\nwant a refusal that names wechat.app_secret", err, said)
	}
	port := strconv.Itoa(freePort(t))
	environ := []string{
		"MENJIN_ENV=dev", "MENJIN_LOG_FORMAT=json", "MENJIN_HTTP_ADDR=127.0.0.1:" + port,
		"MENJIN_WECHAT_SANDBOX_ADDR=127.0.0.1:0", "MENJIN_EVENTS_EMBEDDED_ADDR=127.0.0.1:0",
	}
	for _, start := range []string{"first start", "start on the data of the first"} {
		var log bytes.Buffer
		service := c.command(environ)
		service.Stdout, service.Stderr = &log, &log
		if err := service.Start(); err != nil {
			t.Fatal(err)
		}
		ready := becomesReady("http://127.0.0.1:" + port + "/health/ready")
		if output, err := c.command(environ, "health").CombinedOutput(); err != nil {
			t.Errorf("%s: menjin health: got %v %s, want success", start, err, output)
		}
		if err := service.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		err := service.Wait()
		if !ready || err != nil {
			t.Fatalf("%s: ready %t, ended with %v; want true and no error\n%s", start, ready, err, log.Bytes())
		}
	}
	for _, name := range []string{"menjin.db", "menjin.lock"} {
		if _, err := os.Stat(filepath.Join(c.root, "data", name)); err != nil {
			t.Errorf("data in the volume: %v", err)
		}
	}
}

func becomesReady(url string) bool {
	client := http.Client{Timeout: time.Second}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if answer, err := client.Get(url); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return true
			}
		}
	}
	return false
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
