package check

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// load reads compose.yaml as Docker Compose does: interpolated, checked against the schema and for consistency.
func load(t *testing.T) *types.Project {
	t.Helper()
	file, err := filepath.Abs("../compose/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  filepath.Dir(file),
		ConfigFiles: []types.ConfigFile{{Filename: file}},
		Environment: types.Mapping{"WECHAT_APP_ID": "wx0123456789abcdef"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeDoesNotStartWithoutTheMiniProgram(t *testing.T) {
	t.Parallel()
	_, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: "../compose", ConfigFiles: []types.ConfigFile{{Filename: "../compose/compose.yaml"}},
	})
	if err == nil || !strings.Contains(err.Error(), "WECHAT_APP_ID") {
		t.Errorf("got %v, want a complaint about WECHAT_APP_ID", err)
	}
}

func TestOnlyNginxIsPublishedAndGrafanaToThisMachineAlone(t *testing.T) {
	t.Parallel()
	var got []string
	for name, service := range load(t).Services {
		for _, port := range service.Ports {
			got = append(got, name+" "+port.HostIP+":"+port.Published)
		}
		if service.NetworkMode == "host" || service.Privileged || service.Pid != "" {
			t.Errorf("%s is not kept apart from the machine", name)
		}
	}
	slices.Sort(got)
	if want := []string{"nginx 127.0.0.1:3000", "nginx :443"}; !slices.Equal(got, want) {
		t.Errorf("published: got %v, want %v", got, want)
	}
}

func TestNetworksLetThroughWhatIsNeeded(t *testing.T) {
	t.Parallel()
	project := load(t)
	members := make(map[string][]string)
	for name, service := range project.Services {
		for network := range service.Networks {
			members[network] = append(members[network], name)
		}
	}
	for network, want := range map[string][]string{
		"edge": {"nginx"}, "out": {"menjin"}, "front": {"menjin", "nginx"},
		"data": {"menjin", "migrate", "nats", "postgres", "redis"}, "watch": {"grafana", "menjin", "nginx", "prometheus"},
	} {
		got := slices.Sorted(slices.Values(members[network]))
		if !slices.Equal(got, want) {
			t.Errorf("on network %s: got %v, want %v", network, got, want)
		}
		if open := network == "edge" || network == "out"; bool(project.Networks[network].Internal) == open {
			t.Errorf("network %s: internal is %t", network, open)
		}
	}
	if len(members) != 5 {
		t.Errorf("networks: got %v, want five", members)
	}
	proxies, subnet := project.Services["menjin"].Environment["MENJIN_HTTP_TRUSTED_PROXIES"], project.Networks["front"].Ipam.Config[0].Subnet
	if *proxies != subnet {
		t.Errorf("trusted proxies: got %s, want those of network front, %s", *proxies, subnet)
	}
}

// TestNginxFindsMenjinAfterAnUpgrade holds that the address in nginx's file is Menjin's, and nobody else can be given it.
func TestNginxFindsMenjinAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	project := load(t)
	address := project.Services["menjin"].Networks["front"].Ipv4Address
	upstreams, err := os.ReadFile("../compose/nginx/upstreams.conf")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(upstreams), "server "+address+":8080;") {
		t.Errorf("nginx is not told the address %s", address)
	}
	pool := project.Networks["front"].Ipam.Config[0]
	subnet, given := netip.MustParsePrefix(pool.Subnet), netip.MustParsePrefix(pool.IPRange)
	if at := netip.MustParseAddr(address); !subnet.Contains(at) || given.Contains(at) || !subnet.Contains(given.Addr()) {
		t.Errorf("%s is to be in %s and not in %s, from which others are given theirs", address, subnet, given)
	}
}

func TestEveryContainerIsLimitedWatchedAndWithoutPrivileges(t *testing.T) {
	t.Parallel()
	for name, service := range load(t).Services {
		ends := service.Restart == "no" // a step before others, which is waited for
		limits := service.Deploy.Resources.Limits
		for rule, held := range map[string]bool{
			"memory":           limits != nil && limits.MemoryBytes > 0,
			"processor":        limits != nil && limits.NanoCPUs > 0,
			"health check":     ends || (service.HealthCheck != nil && len(service.HealthCheck.Test) > 1),
			"read-only root":   service.ReadOnly,
			"capabilities":     slices.Equal(service.CapDrop, []string{"ALL"}),
			"no new privilege": slices.Contains(service.SecurityOpt, "no-new-privileges:true"),
			"log":              service.Logging != nil && service.Logging.Options["max-size"] != "",
			"pinned image":     strings.Contains(service.Image, ":") && !strings.HasSuffix(service.Image, ":latest"),
		} {
			if !held {
				t.Errorf("%s: %s is missing", name, rule)
			}
		}
	}
}

func TestSecretsAreFilesOfTheFolderOfSecretsAndNothingIsInClear(t *testing.T) {
	t.Parallel()
	project := load(t)
	used := make(map[string]bool)
	for name, service := range project.Services {
		for _, secret := range service.Secrets {
			used[secret.Source] = true
		}
		for key, value := range service.Environment {
			word := strings.ToUpper(key)
			secret := strings.Contains(word, "PASSWORD") || strings.Contains(word, "SECRET") || strings.Contains(word, "KEYSET")
			if secret && !strings.HasPrefix(*value, "/run/secrets/") {
				t.Errorf("%s: %s is not a file", name, key)
			}
			if file, is := strings.CutPrefix(*value, "/run/secrets/"); is && !slices.ContainsFunc(service.Secrets,
				func(s types.ServiceSecretConfig) bool { return s.Source == file }) {
				t.Errorf("%s: %s names the secret %s, which it is not given", name, key, file)
			}
		}
	}
	for name, secret := range project.Secrets {
		if !used[name] {
			t.Errorf("nobody uses the secret %s", name)
		}
		if filepath.Base(filepath.Dir(secret.File)) != "secrets" || filepath.Base(secret.File) != name {
			t.Errorf("secret %s: got file %s", name, secret.File)
		}
	}
}

func TestWhatComposeMountsIsThere(t *testing.T) {
	t.Parallel()
	for name, service := range load(t).Services {
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(volume.Source); err != nil || !volume.ReadOnly {
				t.Errorf("%s: %s: read-only %t, %v; want true and a file", name, volume.Source, volume.ReadOnly, err)
			}
		}
	}
}

func TestServiceIsStoppedLaterThanItTakesToStop(t *testing.T) {
	t.Parallel()
	if grace := load(t).Services["menjin"].StopGracePeriod; grace == nil || grace.String() != "30s" {
		t.Errorf("got %v, want 30s: requests in flight have fifteen", grace)
	}
}
