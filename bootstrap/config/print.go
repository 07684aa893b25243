package config

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/menjin-id/menjin/domain"
)

// refused is shown in the place of a value that could not be understood.
const refused = "[refused]"

// builtInWords are values of secret keys that are no secrets.
var builtInWords = []string{SQLite, SameDatabase, Embedded}

// Shown is a setting as an operator may see it.
type Shown struct {
	Key   string `json:"key"`
	Value string `json:"value"` // in force; a secret is redacted, and empty is none
	Given bool   `json:"given"` // else it is built in
	Env   string `json:"env"`
	Help  string `json:"help"`
}

// Shown returns every setting, in the order of the documentation.
func (c *Config) Shown() []Shown {
	var all []Shown
	for _, setting := range settings() {
		value := setting.builtIn(c.Profile)
		given, found := c.given[setting.key]
		if found {
			value = given.Reveal()
		}
		if value != "" && setting.secret && (found || value == sampleSecret) && !slices.Contains(builtInWords, value) {
			value = domain.NewSecret(value).String()
		}
		all = append(all, Shown{setting.key, value, found, setting.env(), setting.help})
	}
	return all
}

// Print writes every key with the value in force, where it comes from and what it means. Secrets are redacted.
func (c *Config) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(table, "# profile %s (%s)\n", c.Profile, envProfile)
	for _, shown := range c.Shown() {
		source := "default"
		if shown.Given {
			source = "given"
		}
		fmt.Fprintf(table, "%s\t%s\t# %s; %s; %s\n", shown.Key, cmp.Or(shown.Value, "-"), source, shown.Env, shown.Help)
	}
	return table.Flush()
}
