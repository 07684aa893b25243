package vault

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// state is the keys at work. It does not change; Use puts another in its place.
type state struct {
	opener  tink.AEAD
	sealers []sealer // the newest first
	token   *prf.Set
	index   *prf.Set
	next    *prf.Set // nil outside of a change
	phase   ports.IndexPhase
	source  ports.DataKeySource // nil where keys never change
	missing missing             // keys that are not among these, nor newer ones
}

// sealer is one field key.
type sealer struct {
	from   time.Time
	prefix []byte
	aead   tink.AEAD
}

func newState(keys dataKeys, source ports.DataKeySource) (*state, error) {
	s := &state{phase: keys.plan.Index, source: source}
	var err error
	if s.opener, err = aead.New(keys.fields); err != nil {
		return nil, errMalformed
	}
	for _, key := range slices.Backward(keys.plan.Fields) {
		sealer, err := newSealer(keys.fields, key)
		if err != nil {
			return nil, err
		}
		s.sealers = append(s.sealers, sealer)
	}
	for _, part := range []struct {
		from *keyset.Handle
		to   **prf.Set
	}{{keys.token, &s.token}, {keys.index, &s.index}, {keys.next, &s.next}} {
		if part.from == nil {
			continue
		}
		if *part.to, err = prf.NewPRFSet(part.from); err != nil {
			return nil, errMalformed
		}
	}
	return s, nil
}

func newSealer(fields *keyset.Handle, key ports.FieldKey) (sealer, error) {
	manager := keyset.NewManagerFromHandle(fields)
	if err := manager.SetPrimary(key.ID); err != nil {
		return sealer{}, errMalformed
	}
	handle, err := manager.Handle()
	if err != nil {
		return sealer{}, errMalformed
	}
	sealing, err := aead.New(handle)
	if err != nil {
		return sealer{}, errMalformed
	}
	return sealer{from: key.SealsFrom, prefix: prefixOf(key.ID), aead: sealing}, nil
}

// prefixOf is what Tink writes in front of a ciphertext.
func prefixOf(id uint32) []byte { return binary.BigEndian.AppendUint32([]byte{1}, id) }

// sealer chooses the newest key whose time has come, or the oldest of all.
func (s *state) sealer(now time.Time) *sealer {
	for i := range s.sealers {
		if !now.Before(s.sealers[i].from) {
			return &s.sealers[i]
		}
	}
	return &s.sealers[len(s.sealers)-1]
}

// unknown reports whether a ciphertext names a key that is not here.
func (s *state) unknown(sealed []byte) bool {
	if len(sealed) < prefixSize || sealed[0] != 1 {
		return false
	}
	return !slices.ContainsFunc(s.sealers, func(k sealer) bool { return slices.Equal(k.prefix, sealed[:prefixSize]) })
}

func (s *state) indexes(table, column string, plain domain.Secret) (found ports.Indexes, err error) {
	first, second := s.index, s.next
	switch s.phase {
	case ports.IndexMoving, ports.IndexBack:
		first = s.next
	}
	if found.First, err = digest(first, table, column, plain); err != nil {
		return found, err
	}
	if second == first {
		found.Second = found.First
	} else if second != nil {
		if found.Second, err = digest(second, table, column, plain); err != nil {
			return found, err
		}
	}
	found.BySecond = s.phase == ports.IndexTurned || s.phase == ports.IndexMoving
	return found, nil
}
