package bootstrap

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/bootstrap/demo"
)

func newSandboxCommand(options *globalOptions) *cobra.Command {
	return &cobra.Command{
		Use: "sandbox", Short: "Serve the WeChat look-alike alone, at wechat.sandbox_addr", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := loggedConfig(options)
			if err != nil {
				return err
			}
			listener, err := listen("wechat.sandbox_addr", cfg.WeChat.SandboxAddr)
			if err != nil {
				return err
			}
			address := "http://" + reachable(listener.Addr().String())
			fmt.Fprintf(cmd.OutOrStdout(), "WeChat look-alike at %s\n\nPoint a service at it:  MENJIN_WECHAT_BASE_URL=%s\nGet a login code:       curl -s -X POST %s/_sandbox/codes\n",
				address, address, address)
			return newSandbox(cfg).Serve(cmd.Context(), listener)
		},
	}
}

func newDemoCommand(options *globalOptions) *cobra.Command {
	var play demo.Options
	cmd := &cobra.Command{
		Use: "demo", Short: "Play a mini-program against a running service and print each step", Args: cobra.NoArgs,
		Long: `Plays wx.login, login, user info, the event, logout, phone number, export and deletion against a service that runs with the
WeChat look-alike, by default where this configuration would start it.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := loggedConfig(options)
			if err != nil {
				return err
			}
			fill := func(field *string, value string) {
				if *field == "" {
					*field = value
				}
			}
			scheme := "http://"
			if cfg.HTTP.TLSCertFile != "" {
				scheme = "https://"
			}
			fill(&play.Service, scheme+cfg.HTTP.Addr)
			fill(&play.Sandbox, "http://"+cfg.WeChat.SandboxAddr)
			if !cfg.EmbeddedEvents() {
				fill(&play.NATS, cfg.Events.URL.Reveal())
			} else if cfg.Events.EmbeddedAddr != "" {
				fill(&play.NATS, "nats://"+cfg.Events.EmbeddedAddr)
			}
			return demo.Run(cmd.Context(), play, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&play.Service, "service", "", "base address of the API (default from http.addr)")
	cmd.Flags().StringVar(&play.Sandbox, "sandbox", "", "base address of the look-alike (default from wechat.sandbox_addr)")
	cmd.Flags().StringVar(&play.NATS, "nats", "", "address of NATS (default from events.embedded_addr)")
	cmd.Flags().StringVar(&play.Person, "person", "", "who signs in (default somebody new)")
	return cmd
}
