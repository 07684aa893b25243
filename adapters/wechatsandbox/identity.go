package wechatsandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	defaultPerson   = "demo"
	maxPersonBytes  = 128
	openIDLength    = 28
	sessionKeyBytes = 16
	codeLength      = 32
	codeAlphabet    = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// ErrUnknownApp is returned for an app id that is not registered at the sandbox.
var ErrUnknownApp = errors.New("no such app at this sandbox")

// ErrBadPerson is returned for a label that is too long or not plain text.
var ErrBadPerson = fmt.Errorf("person must be printable UTF-8 of at most %d bytes", maxPersonBytes)

// OpenID tells the openid a person has at an app. An empty appID means the first app, an empty person the default one.
func (s *Server) OpenID(appID, person string) string {
	appID, person = s.orDefault(appID, person)
	return s.deriveID("openid", appID, person)
}

// UnionID tells the unionid a person has at every app of the sandbox; an empty person means the default one.
func (s *Server) UnionID(person string) string {
	_, person = s.orDefault("", person)
	return s.deriveID("unionid", "", person)
}

func (s *Server) deriveID(kind, appID, person string) string {
	seed := strconv.FormatUint(s.opts.Seed, 10)
	sum := sha256.Sum256([]byte(strings.Join([]string{seed, kind, appID, person}, "\x00")))
	return "o" + base64.RawURLEncoding.EncodeToString(sum[:])[:openIDLength-1]
}

func (s *Server) orDefault(appID, person string) (string, string) {
	if appID == "" {
		appID = s.opts.Apps[0].AppID
	}
	if person == "" {
		person = defaultPerson
	}
	return appID, person
}

func (s *Server) checkApp(appID string) error {
	if _, ok := s.secrets[appID]; !ok {
		return ErrUnknownApp
	}
	return nil
}

func checkPerson(person string) error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(person) > maxPersonBytes || !utf8.ValidString(person) || strings.ContainsFunc(person, unprintable) {
		return ErrBadPerson
	}
	return nil
}

func newSessionKey() string {
	var key [sessionKeyBytes]byte
	_, _ = rand.Read(key[:]) // documented never to fail
	return base64.StdEncoding.EncodeToString(key[:])
}

// newCode makes a code in WeChat's shape: 32 letters and digits of both cases, a zero in front.
func newCode() string {
	var code [codeLength]byte
	_, _ = rand.Read(code[:])
	for i, b := range code {
		code[i] = codeAlphabet[int(b)%len(codeAlphabet)]
	}
	code[0] = '0'
	return string(code[:])
}
