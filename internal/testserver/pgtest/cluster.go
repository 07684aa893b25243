package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const patience = 60 * time.Second

// cluster is a PostgreSQL server on which databases can be created.
type cluster struct {
	admin url.URL // of the database from which others are created

	// foreign servers outlive the test process, which has no last moment at which to drop a template.
	foreign bool

	mu        sync.Mutex
	templates map[uintptr]*template
}

// template is a migrated database to which nobody connects any more.
type template struct {
	once sync.Once
	name string
	err  error
}

func foreignCluster(raw string) (*cluster, error) {
	u, err := url.Parse(raw)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return nil, errors.New("MENJIN_TEST_DATABASE_URL is no postgres:// URL")
	}
	return &cluster{admin: *u, foreign: true}, nil
}

func socketCluster(dir string) *cluster {
	query := url.Values{"host": {dir}, "sslmode": {"disable"}}
	return &cluster{
		admin:     url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()},
		templates: make(map[uintptr]*template),
	}
}

func (c *cluster) url(database string) string {
	u := c.admin
	u.Path = "/" + database
	return u.String()
}

// create makes a database as migrate would and returns its name.
func (c *cluster) create(ctx context.Context, migrate Migrate) (string, error) {
	if migrate == nil || c.foreign {
		return c.migrated(ctx, migrate)
	}
	t := c.template(migrate)
	// The template serves every test, so it must not fail because the first one that asks is cut short.
	t.once.Do(func() { t.name, t.err = c.migrated(context.WithoutCancel(ctx), migrate) })
	if t.err != nil {
		return "", t.err
	}
	return c.copyOf(ctx, t.name)
}

func (c *cluster) template(migrate Migrate) *template {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := reflect.ValueOf(migrate).Pointer()
	if c.templates[key] == nil {
		c.templates[key] = new(template)
	}
	return c.templates[key]
}

func (c *cluster) migrated(ctx context.Context, migrate Migrate) (string, error) {
	name, err := c.copyOf(ctx, "template0")
	if err != nil || migrate == nil {
		return name, err
	}
	if err := migrate(ctx, c.url(name)); err != nil {
		return "", errors.Join(fmt.Errorf("migrate test database: %w", err), c.drop(ctx, name))
	}
	return name, nil
}

func (c *cluster) copyOf(ctx context.Context, template string) (string, error) {
	name := "menjin_" + strings.ToLower(rand.Text())
	create := "CREATE DATABASE " + name + " TEMPLATE " + template
	if err := c.exec(ctx, create+" STRATEGY file_copy"); err == nil {
		return name, nil // quicker where nothing is synced; known to PostgreSQL 15 and later
	}
	if err := c.exec(ctx, create); err != nil {
		return "", fmt.Errorf("create test database: %w", err)
	}
	return name, nil
}

func (c *cluster) drop(ctx context.Context, name string) error {
	if err := c.exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop test database: %w", err)
	}
	return nil
}

// exec uses a connection of its own: a pool would leave goroutines behind for a test to trip over.
func (c *cluster) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, c.admin.String())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}
