package floor

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"
)

// The times of a session, as in the service's built-in configuration.
const (
	idle      = 30 * time.Minute
	accessTTL = 2 * time.Hour
)

// maxConns is as many connections to PostgreSQL as the service has.
const maxConns = 16

// Config says where the program listens and what it talks to. The database has the service's schema.
type Config struct {
	Addr, DatabaseURL, RedisURL, WeChatURL string
}

type program struct {
	database *pgxpool.Pool
	redis    *redis.Client
	wechat   *http.Client
	exchange string // the URL of code2session, all but the code
	key      ed25519.PrivateKey

	mu     sync.RWMutex
	proven map[[32]byte]caller
}

// Serve returns when the server fails.
func Serve(config Config) error {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	pool, err := pgxpool.ParseConfig(config.DatabaseURL)
	if err != nil {
		return fmt.Errorf("read database URL: %w", err)
	}
	pool.MaxConns = maxConns
	database, err := pgxpool.NewWithConfig(context.Background(), pool)
	if err != nil {
		return err
	}
	options, err := redis.ParseURL(config.RedisURL)
	if err != nil {
		return fmt.Errorf("read Redis URL: %w", err)
	}
	p := &program{
		database: database, redis: redis.NewClient(options),
		wechat:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}},
		exchange: config.WeChatURL + "/sns/jscode2session?appid=" + appID + "&secret=secret&grant_type=authorization_code&js_code=",
		key:      key, proven: make(map[[32]byte]caller),
	}
	return http.ListenAndServe(config.Addr, p.routes())
}

func (p *program) routes() http.Handler {
	e := echo.New()
	e.GET("/health/ready", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	e.GET("/api/auth/check", p.check)
	e.GET("/api/user/info", p.info)
	e.POST("/api/login", p.login)
	return e
}
