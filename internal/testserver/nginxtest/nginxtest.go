// Package nginxtest gives tests a real nginx of their own, with a configuration of theirs.
//
// It is started unprivileged on loopback. Where nginx is not installed the test is skipped, or fails under
// MENJIN_TEST_REQUIRE=all.
package nginxtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

// Start runs nginx with the folder conf as its configuration, into which it writes nginx.conf: a master configuration that
// includes site, a file in conf. A "listen" there must be on 127.0.0.1:port. It ends with tb.
func Start(tb testing.TB, conf, site string, port int) {
	tb.Helper()
	testserver.SkipShort(tb)
	program, found := find()
	if !found {
		testserver.Missing(tb, "nginx", "nginx")
	}
	dir := home(tb)
	own := filepath.Join(dir, "conf")
	if err := os.CopyFS(own, os.DirFS(conf)); err != nil {
		tb.Fatal(err)
	}
	master := filepath.Join(own, "nginx.conf")
	if err := os.WriteFile(master, []byte(masterConfig(dir, site)), 0o644); err != nil {
		tb.Fatal(err)
	}
	if err := readable(own); err != nil {
		tb.Fatal(err)
	}
	process, err := testserver.Run(testserver.Spec{
		Path: program, Args: []string{"-p", dir, "-c", master, "-e", filepath.Join(dir, "error.log")},
		Dir: dir, Unprivileged: true, Orphaned: "TERM",
	}, func() error { return answers(dir, port) })
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(process.Stop)
}

// home makes the folder of one server, which is deleted after it has ended.
func home(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "menjin-nginx-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) }) // a leftover in the temporary folder is no reason to fail
	return dir
}

// masterConfig keeps everything that nginx writes in dir, and nginx in the foreground.
func masterConfig(dir, site string) string {
	return strings.ReplaceAll(`daemon off;
worker_processes 1;
pid DIR/nginx.pid;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path DIR/body;
    proxy_temp_path DIR/proxy;
    fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi;
    scgi_temp_path DIR/scgi;
    include `+site+`;
}
`, "DIR", dir)
}

// readable lets the user that nginx runs as read a folder that only the test's user may.
func readable(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if entry.IsDir() {
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
}

// answers makes sure that the port is not another program's: nginx writes its pid once it has its ports.
func answers(dir string, port int) error {
	if _, err := os.Stat(filepath.Join(dir, "nginx.pid")); err != nil {
		return errors.New("it has no ports yet")
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return conn.Close()
}

// find looks where systems put it that keep servers out of the path of ordinary users.
func find() (program string, found bool) {
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}
