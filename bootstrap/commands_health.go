package bootstrap

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/bootstrap/config"
)

// healthPatience is how long the service may take to say how it is. Readiness asks what it depends on.
const healthPatience = 5 * time.Second

func newHealthCommand(options *globalOptions) *cobra.Command {
	var live bool
	cmd := &cobra.Command{
		Use: "health", Short: "Ask the service on this machine whether it is ready", Args: cobra.NoArgs,
		Long: `Asks the service at http.addr whether it is ready, as a container's health check does where there is no other program.

The exit status is 0 when it is, and 1 when it is not or does not answer within five seconds.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := options.load()
			if err != nil {
				return err
			}
			path := "/health/ready"
			if live {
				path = "/health/live"
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), healthPatience)
			defer cancel()
			return askHealth(ctx, localURL(cfg, cfg.HTTP.Addr)+path)
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "ask whether it lives, which depends on nothing else")
	return cmd
}

// localURL is where a service with this configuration answers on this machine.
func localURL(cfg *config.Config, addr string) string {
	scheme := "http"
	if cfg.HTTP.TLSCertFile != "" {
		scheme = "https"
	}
	return scheme + "://" + reachable(addr)
}

// askHealth does not look at the certificate, which is made out to a name and not to this machine's own address: nothing is
// sent that anybody may not know, and nobody is let in by the answer.
func askHealth(ctx context.Context, url string) error {
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}, //nolint:gosec // see above
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	answer, err := transport.RoundTrip(request) // without redirects and proxies
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("ask for health: %s answered %s%s", url, answer.Status, whatIsDown(answer.Body))
	}
	return nil
}

// whatIsDown names the dependencies that the service misses, if it says so.
func whatIsDown(body io.Reader) string {
	var said struct {
		Dependencies []struct{ Name, Status string } `json:"dependencies"`
	}
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(&said); err != nil {
		return ""
	}
	var names []string
	for _, dependency := range said.Dependencies {
		if dependency.Status == "down" {
			names = append(names, dependency.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; down: " + strings.Join(names, ", ")
}
