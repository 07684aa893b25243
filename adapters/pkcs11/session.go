//go:build cgo

package pkcs11

import (
	"errors"
	"fmt"

	module "github.com/miekg/pkcs11"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// session is a login to the token with the key found.
type session struct {
	loaded *module.Ctx
	handle module.SessionHandle
	key    module.ObjectHandle
}

func open(loaded *module.Ctx, at location, pin domain.Secret) (session, error) {
	slot, err := findToken(loaded, at.token)
	if err != nil {
		return session{}, err
	}
	handle, err := loaded.OpenSession(slot, module.CKF_SERIAL_SESSION)
	if err != nil {
		return session{}, fmt.Errorf("open session: %w", translate(err))
	}
	s := session{loaded: loaded, handle: handle}
	err = loaded.Login(handle, module.CKU_USER, pin.Reveal())
	if err != nil && !errors.Is(err, module.Error(module.CKR_USER_ALREADY_LOGGED_IN)) {
		s.close()
		return session{}, fmt.Errorf("log in to the token: %w", translate(err))
	}
	if s.key, err = s.findKey(at.object); err != nil {
		s.close()
		return session{}, err
	}
	return s, nil
}

// close ends the session, and the login with the last of them.
func (s session) close() { _ = s.loaded.CloseSession(s.handle) }

func findToken(loaded *module.Ctx, label string) (slot uint, err error) {
	slots, err := loaded.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("list tokens: %w", translate(err))
	}
	for _, slot := range slots {
		if info, err := loaded.GetTokenInfo(slot); err == nil && info.Label == label {
			return slot, nil
		}
	}
	return 0, fmt.Errorf("%w: there is no token %q", domain.ErrUnavailable, label) // it may be plugged in again
}

func (s session) findKey(label string) (module.ObjectHandle, error) {
	err := s.loaded.FindObjectsInit(s.handle, []*module.Attribute{
		module.NewAttribute(module.CKA_CLASS, module.CKO_SECRET_KEY),
		module.NewAttribute(module.CKA_KEY_TYPE, module.CKK_AES),
		module.NewAttribute(module.CKA_LABEL, label),
	})
	if err != nil {
		return 0, fmt.Errorf("find key: %w", translate(err))
	}
	found, _, err := s.loaded.FindObjects(s.handle, 2)
	if err := errors.Join(err, s.loaded.FindObjectsFinal(s.handle)); err != nil {
		return 0, fmt.Errorf("find key: %w", translate(err))
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return 0, fmt.Errorf("the token has no AES key %q; one is made by: pkcs11-tool --module MODULE --login --keygen --key-type AES:32 "+
			"--label %s --sensitive", label, label)
	default:
		return 0, fmt.Errorf("the token has several AES keys %q", label)
	}
}

func (s session) encrypt(nonce, associated, plain []byte) ([]byte, error) {
	params := module.NewGCMParams(nonce, associated, tagBits)
	defer params.Free()
	err := s.loaded.EncryptInit(s.handle, []*module.Mechanism{module.NewMechanism(module.CKM_AES_GCM, params)}, s.key)
	if err != nil {
		return nil, fmt.Errorf("begin to encrypt: %w", translate(err))
	}
	sealed, err := s.loaded.Encrypt(s.handle, plain)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", translate(err))
	}
	return sealed, nil
}

func (s session) decrypt(nonce, associated, sealed []byte) ([]byte, error) {
	params := module.NewGCMParams(nonce, associated, tagBits)
	defer params.Free()
	err := s.loaded.DecryptInit(s.handle, []*module.Mechanism{module.NewMechanism(module.CKM_AES_GCM, params)}, s.key)
	if err != nil {
		return nil, fmt.Errorf("begin to decrypt: %w", translate(err))
	}
	plain, err := s.loaded.Decrypt(s.handle, sealed)
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", translate(notWrapped(err)))
	}
	return plain, nil
}

// notWrapped knows the answers to a wrong tag, on which modules disagree.
func notWrapped(err error) error {
	switch code, _ := errors.AsType[module.Error](err); code {
	case module.CKR_ENCRYPTED_DATA_INVALID, module.CKR_ENCRYPTED_DATA_LEN_RANGE, module.CKR_GENERAL_ERROR:
		return fmt.Errorf("%w (%s)", ports.ErrNotWrapped, code.Error())
	default:
		return err
	}
}

// translate tells what time may mend, and what is for want of a PIN, from the rest. A module's errors are names of
// constants and hold nothing else.
func translate(err error) error {
	code, ok := errors.AsType[module.Error](err)
	if !ok {
		return err // is told already
	}
	switch code {
	case module.CKR_DEVICE_ERROR, module.CKR_DEVICE_REMOVED, module.CKR_DEVICE_MEMORY, module.CKR_TOKEN_NOT_PRESENT,
		module.CKR_SESSION_HANDLE_INVALID, module.CKR_SESSION_COUNT, module.CKR_SLOT_ID_INVALID:
		return fmt.Errorf("%w: %s", domain.ErrUnavailable, code.Error())
	case module.CKR_PIN_INCORRECT, module.CKR_PIN_INVALID, module.CKR_PIN_LEN_RANGE, module.CKR_PIN_EXPIRED, module.CKR_PIN_LOCKED,
		module.CKR_USER_PIN_NOT_INITIALIZED:
		return fmt.Errorf("%w (%s)", ports.ErrNotAdmitted, code.Error())
	default:
		return code
	}
}
