//go:build cgo

package pkcs11

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	module "github.com/miekg/pkcs11"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	nonceSize = 12
	tagBits   = 128
)

// Master is a ports.MasterKey. It is safe for concurrent use, and lets one at a time to the token.
type Master struct {
	at  location
	pin domain.Secret

	mu     sync.Mutex
	loaded *module.Ctx // nil once closed
}

var _ ports.MasterKey = (*Master)(nil)

// New loads the module; the token is asked at the first use. Close it.
func New(options Options) (*Master, error) {
	at, err := parseURI(options.URI)
	if err != nil {
		return nil, err
	}
	loaded := module.New(at.module)
	if loaded == nil {
		return nil, fmt.Errorf("%s cannot be loaded as a PKCS#11 module", at.module)
	}
	// Another part of the process may have initialised it; then it is theirs to finalise, too.
	if err := loaded.Initialize(); err != nil && !errors.Is(err, module.Error(module.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		return nil, fmt.Errorf("initialise %s: %w", at.module, err)
	}
	return &Master{at: at, pin: options.PIN, loaded: loaded}, nil
}

// Close lets the token go. It may be called twice. The module stays loaded, as others may use it.
func (m *Master) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loaded = nil
}

// Name is the address without the module: "pkcs11:token=menjin;object=master".
func (m *Master) Name() string { return m.at.name() }

// Wrap has the token encrypt. The result is the nonce, then ciphertext and tag.
func (m *Master) Wrap(ctx context.Context, plain domain.Secret, associated []byte) ([]byte, error) {
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // documented never to fail
	var sealed []byte
	err := m.use(ctx, func(s session) (err error) {
		sealed, err = s.encrypt(nonce, associated, []byte(plain.Reveal()))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("wrap with %s: %w", m.Name(), err)
	}
	return append(nonce, sealed...), nil
}

// Unwrap has the token decrypt what Wrap returned.
func (m *Master) Unwrap(ctx context.Context, wrapped, associated []byte) (domain.Secret, error) {
	if len(wrapped) < nonceSize+tagBits/8 {
		return domain.Secret{}, fmt.Errorf("unwrap with %s: %w", m.Name(), ports.ErrNotWrapped)
	}
	var plain []byte
	err := m.use(ctx, func(s session) (err error) {
		plain, err = s.decrypt(wrapped[:nonceSize], associated, wrapped[nonceSize:])
		return err
	})
	if err != nil {
		return domain.Secret{}, fmt.Errorf("unwrap with %s: %w", m.Name(), err)
	}
	return domain.NewSecret(string(plain)), nil
}

// use calls work with a session of its own: a token forgets its sessions when it is pulled out or restarted, and the key is
// wanted so seldom that keeping one gains nothing.
func (m *Master) use(ctx context.Context, work func(session) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.loaded == nil {
		return errors.New("it is closed")
	}
	s, err := open(m.loaded, m.at, m.pin)
	if err != nil {
		return err
	}
	defer s.close()
	return work(s)
}
