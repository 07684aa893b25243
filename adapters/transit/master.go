package transit

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const requestTimeout = 10 * time.Second

// Options says where the key is and what opens the door.
type Options struct {
	URL   string        // of the key, e.g. "https://vault.example.org:8200/v1/transit/keys/menjin"
	Token domain.Secret // sent as X-Vault-Token
	// Transport takes the place of net/http's own; nil means that, with the system's certificates.
	Transport http.RoundTripper
}

// Master is a ports.MasterKey. It is safe for concurrent use.
type Master struct {
	client  *http.Client
	encrypt string
	decrypt string
	name    string
	token   domain.Secret
}

var _ ports.MasterKey = (*Master)(nil)

// New refuses an address that is not that of a transit key. It does not connect.
func New(options Options) (*Master, error) {
	address, mount, key, err := parse(options.URL)
	if err != nil {
		return nil, err
	}
	if options.Token.IsZero() {
		return nil, errors.New("a transit key needs a token")
	}
	at := func(what string) string {
		return (&url.URL{Scheme: address.Scheme, Host: address.Host, Path: path.Join(mount, what, key)}).String()
	}
	return &Master{
		client:  &http.Client{Transport: options.Transport, Timeout: requestTimeout, CheckRedirect: checkRedirect},
		encrypt: at("encrypt"), decrypt: at("decrypt"),
		name:  "transit:" + address.Host + strings.TrimPrefix(path.Join(mount, key), "/v1"),
		token: options.Token,
	}, nil
}

// Check refuses an address that New would refuse. Its error does not quote it.
func Check(address string) error {
	_, _, _, err := parse(address)
	return err
}

var errAddress = errors.New("want the address of a transit key: https://HOST:8200/v1/MOUNT/keys/NAME")

func parse(text string) (address *url.URL, mount, key string, err error) {
	address, err = url.Parse(text)
	if err != nil || (address.Scheme != "https" && address.Scheme != "http") || address.Host == "" || address.User != nil ||
		address.RawQuery != "" || address.Fragment != "" {
		return nil, "", "", errAddress // what url.Parse says may quote a password
	}
	mount, key, found := splitKey(address.Path)
	if !found {
		return nil, "", "", errAddress
	}
	return address, mount, key, nil
}

// splitKey takes "/v1/transit/keys/menjin" apart; a mount may have several levels.
func splitKey(text string) (mount, key string, found bool) {
	mount, key, found = strings.Cut(text, "/keys/")
	return mount, key, found && strings.HasPrefix(mount, "/v1/") && key != "" && !strings.Contains(key, "/") &&
		path.Clean(mount) == mount
}

// checkRedirect follows a standby to the active server, once, and never from TLS to none: the token goes along.
func checkRedirect(next *http.Request, before []*http.Request) error {
	if len(before) > 1 || (before[0].URL.Scheme == "https" && next.URL.Scheme != "https") {
		return errors.New("it sends requests elsewhere")
	}
	return nil
}

// Name is "transit:HOST/MOUNT/NAME".
func (m *Master) Name() string { return m.name }

type encryptRequest struct {
	Plaintext      []byte `json:"plaintext"` // encoding/json writes base64, which is what the engine wants
	AssociatedData []byte `json:"associated_data,omitempty"`
}

type decryptRequest struct {
	Ciphertext     string `json:"ciphertext"`
	AssociatedData []byte `json:"associated_data,omitempty"`
}

type reply struct {
	Data struct {
		Ciphertext string `json:"ciphertext"`
		Plaintext  string `json:"plaintext"`
	} `json:"data"`
}

// Wrap has the engine encrypt a secret. What it returns is the engine's text, "vault:v1:…".
func (m *Master) Wrap(ctx context.Context, plain domain.Secret, associated []byte) ([]byte, error) {
	var got reply
	if err := m.call(ctx, m.encrypt, encryptRequest{[]byte(plain.Reveal()), associated}, &got); err != nil {
		return nil, fmt.Errorf("wrap with %s: %w", m.name, err)
	}
	if got.Data.Ciphertext == "" {
		return nil, fmt.Errorf("wrap with %s: %w", m.name, errAnswer)
	}
	return []byte(got.Data.Ciphertext), nil
}

// Unwrap has the engine decrypt what Wrap returned.
func (m *Master) Unwrap(ctx context.Context, wrapped, associated []byte) (domain.Secret, error) {
	var got reply
	err := m.call(ctx, m.decrypt, decryptRequest{string(wrapped), associated}, &got)
	if errors.Is(err, errNotTaken) {
		err = ports.ErrNotWrapped
	}
	if err != nil {
		return domain.Secret{}, fmt.Errorf("unwrap with %s: %w", m.name, err)
	}
	plain, err := base64.StdEncoding.DecodeString(got.Data.Plaintext)
	if err != nil || len(plain) == 0 {
		return domain.Secret{}, fmt.Errorf("unwrap with %s: %w", m.name, errAnswer)
	}
	return domain.NewSecret(string(plain)), nil
}

var errAnswer = errors.New("the answer is not the engine's")

func (m *Master) call(ctx context.Context, address string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := m.post(ctx, address, text)
	if err != nil {
		return err
	}
	if json.Unmarshal(answer, into) != nil { // its error would quote the answer
		return errAnswer
	}
	return nil
}
