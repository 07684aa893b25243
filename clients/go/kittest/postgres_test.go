package kittest_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// openPostgreSQL starts a server of the test's own on a socket in a temporary folder.
func openPostgreSQL(t *testing.T) *sql.DB {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if path, lookErr := exec.LookPath("initdb"); lookErr == nil {
		found = append(found, filepath.Dir(path))
	}
	if err != nil || len(found) == 0 {
		t.Fatal("PostgreSQL is not installed; Debian's package is postgresql")
	}
	folder, err := os.MkdirTemp("", "kit") // short: the path of a socket is limited
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	credential := unprivileged(t, folder)
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(found[len(found)-1], name), args...)
		cmd.Dir, cmd.SysProcAttr = folder, &syscall.SysProcAttr{Credential: credential}
		return cmd
	}
	data := filepath.Join(folder, "data")
	if out, err := command("initdb", "-D", data, "-U", "kit", "-A", "trust", "-N").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	server := command("postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() { _ = server.Process.Kill(); _ = server.Wait() })
	t.Cleanup(stop)
	db, err := sql.Open("pgx", fmt.Sprintf("host=%s user=kit dbname=postgres", folder))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	until(t, "PostgreSQL answers", func() bool { return db.Ping() == nil })
	return db
}

// unprivileged gives a folder to the user that PostgreSQL runs as, for it refuses to be root.
func unprivileged(t *testing.T, folder string) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(account.Uid)
		gid, gidErr := strconv.Atoi(account.Gid)
		if uidErr != nil || gidErr != nil || os.Chown(folder, uid, gid) != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	t.Fatal("there is no user postgres or nobody to run PostgreSQL as")
	return nil
}
