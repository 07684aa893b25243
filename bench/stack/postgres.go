package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/menjin-id/menjin/internal/testserver"
)

// Postgres is a server that keeps its promises: it syncs to disk before a commit is answered.
type Postgres struct {
	PID   int // of the process whose children work
	admin url.URL
}

// postgresSettings leave durability as it comes. Checkpoints would fall into one round and not into the next.
var postgresSettings = []string{
	"listen_addresses=", "fsync=on", "synchronous_commit=on", "full_page_writes=on",
	"checkpoint_timeout=30min", "max_wal_size=8GB", "shared_buffers=256MB",
}

// Postgres starts PostgreSQL on a socket.
func (s *Stack) Postgres() (*Postgres, error) {
	initdb, postgres, err := findPostgres()
	if err != nil {
		return nil, err
	}
	dir, err := s.Folder("postgres")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(initdb, "--pgdata", filepath.Join(dir, "data"), "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.Dir = dir
	if err := testserver.Unprivileged(cmd); err != nil {
		return nil, err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	query := url.Values{"host": {dir}, "sslmode": {"disable"}}
	p := &Postgres{admin: url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()}}
	args := []string{"-D", filepath.Join(dir, "data"), "-k", dir}
	for _, setting := range postgresSettings {
		args = append(args, "-c", setting)
	}
	_, err = s.run(testserver.Spec{
		Path: postgres, Args: args, Dir: dir, Unprivileged: true, Quit: syscall.SIGINT, Orphaned: "QUIT",
	}, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return p.exec(ctx, "SELECT 1")
	})
	if err != nil {
		return nil, err
	}
	p.PID, err = readPID(filepath.Join(dir, "data", "postmaster.pid"))
	return p, err
}

// readPID reads the first line.
func readPID(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read the id of a process: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(line)
}

// Database creates a database and returns its URL.
func (p *Postgres) Database(ctx context.Context, name string) (string, error) {
	if err := p.exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", fmt.Errorf("create database %s: %w", name, err)
	}
	database := p.admin
	database.Path = "/" + name
	return database.String(), nil
}

func (p *Postgres) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, p.admin.String())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// findPostgres looks in PATH and where Debian keeps the programs, newest version first.
func findPostgres() (initdb, postgres string, err error) {
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
			return initdb, postgres, nil
		}
	}
	return "", "", errors.New("PostgreSQL is not installed: install the package postgresql (sh tools/testdeps.sh does)")
}
