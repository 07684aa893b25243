package traefik_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// static and dynamic have the fields that the shipped files may use, as Traefik 3 calls them.
type static struct {
	EntryPoints map[string]struct {
		Address string `yaml:"address"`
	} `yaml:"entryPoints"`
	Providers struct {
		File struct {
			Filename string `yaml:"filename"`
			Watch    bool   `yaml:"watch"`
		} `yaml:"file"`
	} `yaml:"providers"`
}

type dynamic struct {
	HTTP struct {
		Services map[string]struct {
			LoadBalancer struct {
				Servers []struct {
					URL string `yaml:"url"`
				} `yaml:"servers"`
			} `yaml:"loadBalancer"`
		} `yaml:"services"`
		Routers     map[string]router     `yaml:"routers"`
		Middlewares map[string]middleware `yaml:"middlewares"`
	} `yaml:"http"`
}

type router struct {
	EntryPoints []string `yaml:"entryPoints"`
	Rule        string   `yaml:"rule"`
	Middlewares []string `yaml:"middlewares"`
	Service     string   `yaml:"service"`
}

type middleware struct {
	ForwardAuth *struct {
		Address             string   `yaml:"address"`
		TrustForwardHeader  *bool    `yaml:"trustForwardHeader"`
		AuthRequestHeaders  []string `yaml:"authRequestHeaders"`
		AuthResponseHeaders []string `yaml:"authResponseHeaders"`
	} `yaml:"forwardAuth"`
	Headers *struct {
		CustomRequestHeaders map[string]string `yaml:"customRequestHeaders"`
	} `yaml:"headers"`
}

func TestFilesHoldNothingThatTraefikDoesNotKnow(t *testing.T) {
	t.Parallel()
	var entry static
	read(t, "traefik.yml", &entry)
	var config dynamic
	read(t, "dynamic.yml", &config)
	for name, r := range config.HTTP.Routers {
		if _, found := config.HTTP.Services[r.Service]; !found {
			t.Errorf("router %s: service %q is not there", name, r.Service)
		}
		for _, wanted := range r.EntryPoints {
			if _, found := entry.EntryPoints[wanted]; !found {
				t.Errorf("router %s: entry point %q is not there", name, wanted)
			}
		}
		for _, wanted := range r.Middlewares {
			if _, found := config.HTTP.Middlewares[wanted]; !found {
				t.Errorf("router %s: middleware %q is not there", name, wanted)
			}
		}
	}
}

func TestClaimsAreTakenAwayOnEveryRouteAndBeforeMenjinIsAsked(t *testing.T) {
	t.Parallel()
	var config dynamic
	read(t, "dynamic.yml", &config)
	for name, r := range config.HTTP.Routers {
		if len(r.Middlewares) == 0 || r.Middlewares[0] != "no-claims" {
			t.Errorf("router %s: got middlewares %q, want no-claims first", name, r.Middlewares)
		}
	}
	if got, want := config.HTTP.Routers["protected"].Middlewares, []string{"no-claims", "live-session"}; !slices.Equal(got, want) {
		t.Errorf("protected: got middlewares %q, want %q", got, want)
	}
	check := config.HTTP.Middlewares["live-session"].ForwardAuth
	if !strings.HasSuffix(check.Address, "/api/auth/check") || check.TrustForwardHeader == nil || *check.TrustForwardHeader {
		t.Errorf("live-session: got %+v, want Menjin's check and no trust in forwarded headers", check)
	}
	removed := config.HTTP.Middlewares["no-claims"].Headers.CustomRequestHeaders
	for _, name := range check.AuthResponseHeaders {
		for _, spelling := range spellings(name) {
			if value, found := removed[spelling]; !found || value != "" {
				t.Errorf("no-claims: %s: got %q, listed %t, want it removed", spelling, value, found)
			}
		}
	}
}

// spellings returns a name with each of its hyphens as it is and as an underscore.
func spellings(name string) []string {
	before, after, found := strings.Cut(name, "-")
	if !found {
		return []string{name}
	}
	var all []string
	for _, rest := range spellings(after) {
		all = append(all, before+"-"+rest, before+"_"+rest)
	}
	return all
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
