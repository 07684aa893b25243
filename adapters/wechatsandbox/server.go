package wechatsandbox

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is the look-alike. All methods are safe for concurrent use.
type Server struct {
	opts    Options
	secrets map[string][sha256.Size]byte // by app id
	shift   atomic.Int64                 // nanoseconds added to the clock

	mu           sync.Mutex // guards all down to the blank line
	codes        codeBook
	phoneCodes   codeBook
	users        userBook
	tokens       tokenBook
	quotas       quotaBook
	rules        ruleBook
	appRules     map[string]appRule // by app id
	vouched      voucherBook
	phoneNumbers uint64 // handed out

	pushes  atomic.Uint64 // requests sent
	faults  faultScript
	journal journal
	routes  map[string]endpoint
	control http.Handler
}

// New makes a Server that is ready to serve. It starts no goroutine and needs no closing.
func New(opts Options) *Server {
	opts = opts.withDefaults()
	s := &Server{opts: opts, secrets: make(map[string][sha256.Size]byte, len(opts.Apps))}
	for _, app := range opts.Apps {
		s.secrets[app.AppID] = sha256.Sum256([]byte(app.Secret))
	}
	s.codes = newCodeBook(opts.MaxCodes)
	s.users = newUserBook()
	s.phoneCodes = newCodeBook(opts.MaxCodes)
	s.tokens = newTokenBook()
	s.quotas = newQuotaBook()
	s.vouched = voucherBook{}
	s.rules = ruleBook{}
	s.appRules = map[string]appRule{}
	s.faults.dice = rand.New(rand.NewPCG(opts.Seed, 0))
	s.journal = newJournal()
	s.routes = map[string]endpoint{
		pathCode2Session:       s.code2Session,
		pathToken:              s.classicToken,
		pathStableToken:        s.stableToken,
		pathClearQuota:         s.clearQuota,
		pathClearQuotaBySecret: s.clearQuotaBySecret,
		pathPhoneNumber:        s.phoneNumber,
		pathCheckEncrypted:     s.checkEncrypted,
		pathCheckSession:       s.checkSession,
		pathResetSession:       s.resetSession,
	}
	s.control = s.newControl()
	return s
}

// ServeHTTP answers as WeChat would. Faults may end it with http.ErrAbortHandler, which net/http's server expects.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/":
		s.servePage(w, r)
	case strings.HasPrefix(r.URL.Path, controlPrefix):
		s.control.ServeHTTP(w, r)
	default:
		s.serveAPI(w, r)
	}
}

// paths lists the WeChat APIs served.
func (s *Server) paths() []string { return slices.Sorted(maps.Keys(s.routes)) }

const (
	headerTimeout  = 5 * time.Second
	idleTimeout    = 2 * time.Minute
	stopTimeout    = time.Second
	maxHeaderBytes = 64 << 10
)

// Serve answers on ln until ctx ends, then lets requests in flight finish, a second at most, and returns nil.
// Hanging and delayed answers are cut off at once. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- stop(context.WithoutCancel(ctx), server)
	}()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		cancel()
		return errors.Join(fmt.Errorf("serve wechat sandbox: %w", err), <-stopped)
	}
	return <-stopped
}

func stop(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("stop wechat sandbox: %w", err)
	}
	return nil
}
