package stand

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/menjin-id/menjin/internal/testserver"
)

// masterConfig keeps everything that nginx writes in its folder, and nginx in the foreground.
const masterConfig = `daemon off;
worker_processes 2;
pid DIR/nginx.pid;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path DIR/body;
    proxy_temp_path DIR/proxy;
    fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi;
    scgi_temp_path DIR/scgi;
    include menjin.conf;
}
`

// startNginx starts nginx with the shipped configuration, which names the replicas, and returns its URL.
func (s *Stand) startNginx() (string, error) {
	program, err := findNginx()
	if err != nil {
		return "", err
	}
	addr, err := freeAddr()
	if err != nil {
		return "", err
	}
	dir, err := s.Folder("nginx")
	if err != nil {
		return "", err
	}
	if err := s.configure(dir, addr); err != nil {
		return "", err
	}
	process, err := testserver.Run(testserver.Spec{
		Path: program, Args: []string{"-p", dir, "-c", filepath.Join(dir, "conf", "nginx.conf"), "-e", filepath.Join(dir, "error.log")},
		Dir: dir, Unprivileged: true, Orphaned: "TERM",
	}, func() error { return dial(addr) })
	if err != nil {
		return "", err
	}
	s.OnClose(process.Stop)
	return "http://" + addr, nil
}

func (s *Stand) configure(dir, addr string) error {
	module, err := Root()
	if err != nil {
		return err
	}
	conf := filepath.Join(dir, "conf")
	if err := os.CopyFS(conf, os.DirFS(filepath.Join(module, "deployments", "nginx"))); err != nil {
		return fmt.Errorf("copy configuration of nginx: %w", err)
	}
	var upstreams strings.Builder
	upstreams.WriteString("upstream menjin {\n    zone menjin 64k;\n")
	for _, replica := range s.Replicas {
		fmt.Fprintf(&upstreams, "    server %s max_fails=1 fail_timeout=5s;\n", replica.addr)
	}
	upstreams.WriteString("    keepalive 32;\n    keepalive_timeout 60s;\n}\nupstream app { server 127.0.0.1:1; }\n")
	for path, text := range map[string]string{
		"nginx.conf":            strings.ReplaceAll(masterConfig, "DIR", dir),
		"menjin/upstreams.conf": upstreams.String(),
		"menjin/listen.conf":    "listen " + addr + ";\n",
	} {
		if err := os.WriteFile(filepath.Join(conf, path), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return readable(conf)
}

// readable lets the user that nginx runs as read the configuration.
func readable(conf string) error {
	return filepath.WalkDir(conf, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644)
	})
}

func findNginx() (string, error) {
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("nginx is not installed: install the package nginx (sh tools/testdeps.sh does)")
}
