//go:build cgo

// Package hsmtest gives tests tokens of SoftHSM2, a hardware security module that is none.
//
// All tokens of a test process lie in one folder, as the module reads its configuration once. Where SoftHSM2 is not installed
// the test is skipped, or fails under MENJIN_TEST_REQUIRE=all.
package hsmtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/miekg/pkcs11"

	"github.com/menjin-id/menjin/internal/testserver"
)

// Token is a token with one AES key of 256 bits, which cannot be read from it.
type Token struct {
	Label string
	URI   string // of the key (RFC 7512), the module included
	PIN   string
	Env   string // SOFTHSM2_CONF=…, for a process of its own that is to see the token
}

const (
	pin   = "98765432"
	label = "master"
)

// New makes a token.
func New(tb testing.TB) Token {
	tb.Helper()
	testserver.SkipShort(tb)
	module, found := findModule()
	if !found {
		testserver.Missing(tb, "SoftHSM2", "softhsm2")
	}
	conf, err := configuration()
	if err != nil {
		tb.Fatal(err)
	}
	serial.Lock()
	defer serial.Unlock()
	made++
	name := fmt.Sprintf("menjin-%d", made)
	if err := makeToken(module, name); err != nil {
		tb.Fatal(err)
	}
	return Token{
		Label: name, URI: fmt.Sprintf("pkcs11:token=%s;object=%s?module-path=%s", name, label, module),
		PIN: pin, Env: "SOFTHSM2_CONF=" + conf,
	}
}

// serial lets one token be made at a time: free slots are found by looking.
var (
	serial sync.Mutex
	made   int
)

// configuration is set for this process, too, before anything loads the module.
var configuration = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "menjin-softhsm-")
	if err != nil {
		return "", err
	}
	tokens := filepath.Join(folder, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		return "", err
	}
	conf := filepath.Join(folder, "softhsm2.conf")
	text := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", tokens)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return "", err
	}
	return conf, os.Setenv("SOFTHSM2_CONF", conf)
})

func findModule() (string, bool) {
	for _, pattern := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib*/*/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0], true
		}
	}
	return "", false
}

// makeToken goes through the module and not through softhsm2-util: a module that was loaded before does not see what other
// processes make.
func makeToken(module, name string) error {
	lib := pkcs11.New(module)
	if lib == nil {
		return fmt.Errorf("%s cannot be loaded", module)
	}
	if err := lib.Initialize(); err != nil && !errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		return err
	}
	blank, err := findSlot(lib, func(info pkcs11.TokenInfo) bool { return info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 })
	if err != nil {
		return err
	}
	if err := lib.InitToken(blank, pin, name); err != nil {
		return err
	}
	slot, err := findSlot(lib, func(info pkcs11.TokenInfo) bool { return info.Label == name })
	if err != nil {
		return err
	}
	if err := login(lib, slot, pkcs11.CKU_SO, func(session pkcs11.SessionHandle) error { return lib.InitPIN(session, pin) }); err != nil {
		return err
	}
	return login(lib, slot, pkcs11.CKU_USER, func(session pkcs11.SessionHandle) error { return generateKey(lib, session) })
}

func findSlot(lib *pkcs11.Ctx, wanted func(pkcs11.TokenInfo) bool) (uint, error) {
	slots, err := lib.GetSlotList(true)
	if err != nil {
		return 0, err
	}
	for _, slot := range slots {
		if info, err := lib.GetTokenInfo(slot); err == nil && wanted(info) {
			return slot, nil
		}
	}
	return 0, errors.New("the module has no such slot")
}

func login(lib *pkcs11.Ctx, slot, user uint, work func(pkcs11.SessionHandle) error) error {
	session, err := lib.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return err
	}
	defer func() { _ = lib.CloseSession(session) }()
	if err := lib.Login(session, user, pin); err != nil {
		return err
	}
	return work(session)
}

func generateKey(lib *pkcs11.Ctx, session pkcs11.SessionHandle) error {
	_, err := lib.GenerateKey(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
	})
	return err
}
