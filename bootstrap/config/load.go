package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"

	"github.com/menjin-id/menjin/domain"
)

const (
	envPrefix  = "MENJIN_"
	envProfile = envPrefix + "ENV"
	envTest    = envPrefix + "TEST_" // belongs to the test suite
	fileSuffix = "_FILE"
)

// Fault is one thing wrong with one key.
type Fault struct {
	Key    string
	Reason string
}

func (f Fault) Error() string { return f.Key + ": " + f.Reason }

// Load reads file, if not empty, and environ (as os.Environ gives it). The error joins a Fault for everything that is wrong.
func Load(file string, environ []string) (*Config, error) {
	config, err := Examine(file, environ)
	if err != nil {
		return nil, err
	}
	return config, nil
}

// Examine is Load for who wants to see what was given, also where that cannot be used: then it returns both, and the configuration
// is good to be shown and for nothing else.
func Examine(file string, environ []string) (*Config, error) {
	loader := &loader{known: settings(), values: koanf.New(".")}
	config := &Config{Profile: loader.profile(environ), given: map[string]domain.Secret{}}
	loader.loadFile(file)
	loader.loadEnv(environ)
	for _, setting := range loader.known {
		value, given := loader.text(setting)
		if given {
			config.given[setting.key] = domain.NewSecret(value)
		} else {
			value = setting.builtIn(config.Profile)
		}
		if value == "" && !given {
			continue
		}
		if err := setting.parse(config, value); err != nil {
			loader.fault(setting.key, err.Error())
			config.given[setting.key] = domain.NewSecret(refused) // a password may be where none is wanted
		}
	}
	for _, fault := range config.check() {
		// A value that could not be read has been named already.
		if !slices.ContainsFunc(loader.faults, func(earlier error) bool { return strings.HasPrefix(earlier.Error(), fault.Key+":") }) {
			loader.faults = append(loader.faults, fault)
		}
	}
	return config, errors.Join(loader.faults...)
}

type loader struct {
	known  []setting
	values *koanf.Koanf
	faults []error
}

func (l *loader) fault(key, reason string) { l.faults = append(l.faults, Fault{key, reason}) }

func (l *loader) profile(environ []string) Profile {
	profile := Development
	for _, variable := range environ {
		if value, found := strings.CutPrefix(variable, envProfile+"="); found && value != "" {
			profile = Profile(value)
		}
	}
	if profile != Development && profile != Test && profile != Production {
		l.fault(envProfile, "must be dev, test or prod")
		return Production
	}
	return profile
}

func (l *loader) loadFile(file string) {
	if file == "" {
		return
	}
	content, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		l.fault("--config", fmt.Sprintf("cannot be read: %v", errors.Unwrap(err)))
		return
	}
	if err := l.values.Load(rawbytes.Provider(content), yaml.Parser()); err != nil {
		l.fault("--config", "is not valid YAML: "+err.Error())
		return
	}
	for _, key := range l.values.Keys() {
		if !slices.ContainsFunc(l.known, func(s setting) bool { return s.key == key }) {
			l.fault(key, "is not a known key"+l.suggestion(key))
		}
	}
}

func (l *loader) loadEnv(environ []string) {
	provider := env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			if name == envProfile || strings.HasPrefix(name, envTest) {
				return "", nil
			}
			return l.variable(name, value)
		},
	})
	if err := l.values.Load(provider, nil); err != nil {
		l.fault("environment", "cannot be read")
	}
}

// variable finds the key that a variable sets, and reads the file that a …_FILE variable names.
func (l *loader) variable(name, value string) (key string, content any) {
	for _, setting := range l.known {
		if setting.env() == name {
			return setting.key, value
		}
	}
	for _, setting := range l.known {
		if setting.env()+fileSuffix != name {
			continue
		}
		bytes, err := os.ReadFile(value)
		if err != nil {
			l.fault(setting.key, fmt.Sprintf("the file that %s names cannot be read: %v", name, errors.Unwrap(err)))
			return "", nil
		}
		return setting.key, strings.TrimRight(string(bytes), "\r\n")
	}
	l.fault(name, "is not a known setting"+l.suggestion(name))
	return "", nil
}

// suggestion names the known key with the same last word, for one that was misplaced.
func (l *loader) suggestion(name string) string {
	word := strings.ToLower(name[strings.LastIndexAny(name, "._")+1:])
	var alike []string
	for _, setting := range l.known {
		if strings.HasSuffix(setting.key, word) {
			alike = append(alike, setting.key)
		}
	}
	if word == "" || len(alike) == 0 || len(alike) > 3 {
		return "; see menjin config print"
	}
	return "; did you mean " + strings.Join(alike, " or ") + "?"
}

// text returns what was given for a key, lists joined by commas and mappings as JSON.
func (l *loader) text(s setting) (value string, given bool) {
	key := s.key
	if !l.values.Exists(key) {
		return "", false
	}
	switch raw := l.values.Get(key).(type) {
	case nil:
		return "", true
	case []any:
		if len(raw) > 0 {
			if _, isMapping := raw[0].(map[string]any); isMapping {
				encoded, err := json.Marshal(raw)
				if err != nil {
					l.fault(key, "cannot be read")
				}
				return string(encoded), true
			}
		}
		items := make([]string, len(raw))
		for i, item := range raw {
			items[i] = fmt.Sprint(item)
		}
		return strings.Join(items, ","), true
	case map[string]any:
		l.fault(key, "must not have keys of its own")
		return "", true
	case string:
		return raw, true
	default:
		if s.secret {
			l.fault(key, "must be in quotes: YAML reads it as a number and changes it")
		}
		return fmt.Sprint(raw), true
	}
}
