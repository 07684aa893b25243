package pkcs11

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/menjin-id/menjin/domain"
)

// Options says where the key is and what opens the door.
type Options struct {
	URI string        // RFC 7512, e.g. "pkcs11:token=menjin;object=master?module-path=/usr/lib/softhsm/libsofthsm2.so"
	PIN domain.Secret // of the token's user
}

// location is where a key is: which module to load, which token holds it and what it is called there.
type location struct {
	module, token, object string
}

var errURI = errors.New("want pkcs11:token=TOKEN;object=KEY?module-path=/PATH/OF/MODULE.so")

// Check refuses an address that New would refuse, without loading the module. Its error does not quote it.
func Check(uri string) error {
	_, err := parseURI(uri)
	return err
}

// parseURI reads a PKCS#11 URI (RFC 7512). A PIN in it is refused, since addresses are shown.
func parseURI(text string) (location, error) {
	rest, found := strings.CutPrefix(text, "pkcs11:")
	if !found {
		return location{}, errURI
	}
	path, query, _ := strings.Cut(rest, "?")
	attributes, err := parseAttributes(path, ";")
	if err != nil {
		return location{}, err
	}
	options, err := parseAttributes(query, "&")
	if err != nil {
		return location{}, err
	}
	at := location{module: options["module-path"], token: attributes["token"], object: attributes["object"]}
	delete(options, "module-path")
	for _, known := range []string{"token", "object", "type"} {
		delete(attributes, known)
	}
	for name := range options {
		if strings.HasPrefix(name, "pin-") {
			return location{}, errors.New("the PIN does not belong into the address: it has a setting of its own")
		}
		return location{}, errURI
	}
	if len(attributes) > 0 || at.token == "" || at.object == "" || !filepath.IsAbs(at.module) {
		return location{}, errURI
	}
	return at, nil
}

func parseAttributes(text, separator string) (map[string]string, error) {
	attributes := make(map[string]string)
	for part := range strings.SplitSeq(text, separator) {
		if part == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		decoded, err := url.PathUnescape(value)
		if _, twice := attributes[name]; !found || err != nil || twice {
			return nil, errURI
		}
		attributes[name] = decoded
	}
	return attributes, nil
}

func (l location) name() string { return fmt.Sprintf("pkcs11:token=%s;object=%s", l.token, l.object) }
