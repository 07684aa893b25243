package stage

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/menjin-id/menjin/internal/testserver"
)

const database = "menjin"

// postgresSettings trade safety against a crash of the machine for speed; a crash of the server alone loses nothing.
var postgresSettings = []string{
	"listen_addresses=", "fsync=off", "max_connections=200", "shared_buffers=64MB",
}

// Postgres is a server with one database, on a socket.
type Postgres struct {
	testserver.Restartable
	programs string // the folder they lie in
	stage    *Stage
	clusters int
	dir      string
}

// Postgres starts a server with an empty database.
func (s *Stage) Postgres(ctx context.Context) (*Postgres, error) {
	programs, err := findPostgres()
	if err != nil {
		return nil, err
	}
	p := &Postgres{programs: programs, stage: s}
	s.OnClose(p.Kill)
	if err := p.fresh(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// fresh starts another cluster of files with an empty database, in place of the one before.
func (p *Postgres) fresh(ctx context.Context) error {
	p.clusters++
	dir, err := p.stage.Folder("postgres-" + strconv.Itoa(p.clusters))
	if err != nil {
		return err
	}
	cmd := p.command(ctx, dir, "initdb", "--pgdata", filepath.Join(dir, "data"), "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--no-sync")
	if err := testserver.Unprivileged(cmd); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	p.Kill()
	p.dir = dir
	if err := p.Start(); err != nil {
		return err
	}
	return p.execOn(ctx, "postgres", "CREATE DATABASE "+database)
}

func (p *Postgres) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.programs, name), args...) //nolint:gosec // programs of PostgreSQL
	cmd.Dir = dir
	return cmd
}

// Start starts the server unless it is up.
func (p *Postgres) Start() error {
	args := []string{"-D", filepath.Join(p.dir, "data"), "-k", p.dir}
	for _, setting := range postgresSettings {
		args = append(args, "-c", setting)
	}
	return p.Restartable.Start(testserver.Spec{
		Path: filepath.Join(p.programs, "postgres"), Args: args, Dir: p.dir, Unprivileged: true,
		Quit: syscall.SIGINT, Orphaned: "QUIT",
	}, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return p.execOn(ctx, "postgres", "SELECT 1")
	})
}

// Socket is where the server listens.
func (p *Postgres) Socket() string { return filepath.Join(p.dir, ".s.PGSQL.5432") }

// URL is the database's own, past every proxy.
func (p *Postgres) URL() string { return p.urlOf(database) }

func (p *Postgres) urlOf(name string) string {
	query := url.Values{"host": {p.dir}, "sslmode": {"disable"}}
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + name, RawQuery: query.Encode()}).String()
}

// URLThrough is the database's by way of a proxy.
func URLThrough(addr string) string {
	return "postgres://postgres@" + addr + "/" + database + "?sslmode=disable"
}

// Exec runs a statement.
func (p *Postgres) Exec(ctx context.Context, sql string) error { return p.execOn(ctx, database, sql) }

func (p *Postgres) execOn(ctx context.Context, name, sql string) error {
	conn, err := pgx.Connect(ctx, p.urlOf(name))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// Terminate ends about half of the connections that others have.
func (p *Postgres) Terminate(ctx context.Context) error {
	return p.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5`)
}

// Move dumps the database, restores it into a fresh cluster and goes on with that. Nobody else may be able to connect.
func (p *Postgres) Move(ctx context.Context) error {
	err := p.Exec(ctx, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err != nil {
		return err
	}
	dump := filepath.Join(p.stage.dir, "dump")
	if err := p.tool(ctx, "pg_dump", "--format=custom", "--file="+dump, "--dbname="+p.URL()); err != nil {
		return err
	}
	before := p.dir
	if err := p.fresh(ctx); err != nil {
		return err
	}
	if err := p.tool(ctx, "pg_restore", "--exit-on-error", "--dbname="+p.URL(), dump); err != nil {
		return err
	}
	return errors.Join(os.Remove(dump), os.RemoveAll(before))
}

func (p *Postgres) tool(ctx context.Context, name string, args ...string) error {
	if out, err := p.command(ctx, p.stage.dir, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// findPostgres returns the folder of a server's programs: what PATH has, or where Debian keeps them, newest version first.
func findPostgres() (string, error) {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil { // the link may stand alone
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	for version := 30; version > 12; version-- {
		dirs = append(dirs, fmt.Sprintf("/usr/lib/postgresql/%d/bin", version))
	}
	for _, dir := range dirs {
		if _, err := exec.LookPath(filepath.Join(dir, "postgres")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("PostgreSQL is not installed: install the package postgresql (sh tools/testdeps.sh does)")
}
