//go:build !cgo

package pkcs11

import (
	"context"
	"errors"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Master is a ports.MasterKey in builds with cgo.
type Master struct{ at location }

var _ ports.MasterKey = (*Master)(nil)

var errNoCgo = errors.New("this build has no PKCS#11: it was made without cgo (CGO_ENABLED=1 and a C compiler)")

// New says what is missing.
func New(options Options) (*Master, error) {
	if _, err := parseURI(options.URI); err != nil {
		return nil, err
	}
	return nil, errNoCgo
}

// Close does nothing.
func (m *Master) Close() {}

// Name is the address without the module.
func (m *Master) Name() string { return m.at.name() }

// Wrap is never reached.
func (m *Master) Wrap(context.Context, domain.Secret, []byte) ([]byte, error) { return nil, errNoCgo }

// Unwrap is never reached.
func (m *Master) Unwrap(context.Context, []byte, []byte) (domain.Secret, error) {
	return domain.Secret{}, errNoCgo
}
