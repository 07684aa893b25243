package config

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/menjin-id/menjin/domain"
)

// builtInWords are values of secret keys that are no secrets.
var builtInWords = []string{SQLite, SameDatabase, Embedded}

// Print writes every key with the value in force, where it comes from and what it means. Secrets are redacted.
func (c *Config) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(table, "# profile %s (%s)\n", c.Profile, envProfile)
	for _, setting := range settings() {
		value, source := setting.builtIn(c.Profile), "default"
		if given, found := c.given[setting.key]; found {
			value, source = given.Reveal(), "given"
		}
		if value == "" {
			value = "-"
		} else if setting.secret && (source == "given" || value == sampleSecret) && !slices.Contains(builtInWords, value) {
			value = domain.NewSecret(value).String()
		}
		fmt.Fprintf(table, "%s\t%s\t# %s; %s; %s\n", setting.key, value, source, setting.env(), setting.help)
	}
	return table.Flush()
}
