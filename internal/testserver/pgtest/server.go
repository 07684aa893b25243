package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver"
)

// settings trade safety against a crash of the machine for speed; a crash of the server alone loses nothing.
var settings = []string{
	"listen_addresses=", "fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=300",
	"shared_buffers=64MB", "wal_level=minimal", "max_wal_senders=0",
}

// Server is a PostgreSQL server of one test's own, to be stopped, killed and started again. Its address and data
// stay. Stop ends it as an operator would: clients are told and disconnected. Its methods are not for concurrent use and
// fail the test by themselves.
type Server struct {
	testserver.Restartable
	tb       testing.TB
	programs programs
	dir      string
	cluster  *cluster
}

// NewServer starts a server that ends with tb.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	testserver.SkipShort(tb)
	programs, found := find()
	if !found {
		testserver.Missing(tb, "PostgreSQL", "postgresql")
	}
	c, dir, err := initCluster(programs)
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, programs: programs, dir: dir, cluster: c}
	tb.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(dir) // a leftover in the temporary folder is no reason to fail
	})
	s.Start()
	return s
}

// Database creates a database as New does, on this server. It stays for as long as the server's data.
func (s *Server) Database(migrate Migrate) string {
	s.tb.Helper()
	name, err := s.cluster.create(s.tb.Context(), migrate)
	if err != nil {
		s.tb.Fatal(err)
	}
	return s.cluster.url(name)
}

// Start starts the server again after Stop or Kill and returns when it takes connections.
func (s *Server) Start() {
	s.tb.Helper()
	if err := s.Restartable.Start(s.programs.spec(s.dir), s.cluster.answers); err != nil {
		s.tb.Fatal(err)
	}
}

// programs are the two that a server needs, of one version.
type programs struct{ initdb, postgres string }

// find looks in PATH and where Debian keeps them, newest version first.
func find() (programs, bool) {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for version := 30; version > 12; version-- {
		dirs = append(dirs, fmt.Sprintf("/usr/lib/postgresql/%d/bin", version))
	}
	for _, dir := range dirs {
		initdb, initdbErr := exec.LookPath(filepath.Join(dir, "initdb"))
		postgres, postgresErr := exec.LookPath(filepath.Join(dir, "postgres"))
		if initdbErr == nil && postgresErr == nil {
			return programs{initdb, postgres}, true
		}
	}
	return programs{}, false
}

// initCluster lays out the data of a new server in a temporary folder, where its socket will be too.
func initCluster(programs programs) (*cluster, string, error) {
	dir, err := os.MkdirTemp(testserver.FastTemp(), "menjin-pg-")
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(programs.initdb, "--pgdata", filepath.Join(dir, "data"), "--username=postgres",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.Dir = dir
	if err := testserver.Unprivileged(cmd); err != nil {
		return nil, "", err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir) // the error at hand is the one that matters
		return nil, "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return socketCluster(dir), dir, nil
}

// spec is of the server whose data lie in a folder.
func (p programs) spec(dir string) testserver.Spec {
	args := []string{"-D", filepath.Join(dir, "data"), "-k", dir}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return testserver.Spec{
		Path: p.postgres, Args: args, Dir: dir, Unprivileged: true,
		Quit:     syscall.SIGINT,
		Orphaned: "QUIT",
	}
}

func (c *cluster) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return c.exec(ctx, "SELECT 1")
}
