package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// No error of a parser quotes the text: it may be a secret.

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = text
		return nil
	}
}

func secret(field func(*Config) *domain.Secret) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = domain.NewSecret(text)
		return nil
	}
}

func address(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = text
		return checkAddress(text)
	}
}

func optionalAddress(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = text
		if text == "" {
			return nil
		}
		return checkAddress(text)
	}
}

func checkAddress(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New("must be host:port, e.g. 127.0.0.1:8080 or :8080")
	}
	return nil
}

func boolean(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, text string) error {
		value, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("must be true or false")
		}
		*field(c) = value
		return nil
	}
}

func number(least, most int, field func(*Config) *int) func(*Config, string) error {
	return func(c *Config, text string) error {
		value, err := strconv.Atoi(text)
		if err != nil || value < least || value > most {
			return fmt.Errorf("must be a number from %d to %d", least, most)
		}
		*field(c) = value
		return nil
	}
}

func duration(least, most time.Duration, field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, text string) error {
		value, err := time.ParseDuration(text)
		if err != nil || value < least || value > most {
			return fmt.Errorf("must be a duration from %s to %s, e.g. 30m", least, most)
		}
		*field(c) = value
		return nil
	}
}

// rate reads "600/1m": so many at once, and again in each such time.
func rate(field func(*Config) *ports.Rate) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = ports.Rate{}
		if text == "0" {
			return nil
		}
		burst, per, _ := strings.Cut(text, "/")
		count, err := strconv.Atoi(burst)
		every, everyErr := time.ParseDuration(per)
		if err != nil || everyErr != nil || count < 1 || every < time.Second || every > 24*time.Hour {
			return errors.New("must be a number and a time of 1s to 24h, e.g. 600/1m, or 0 for no limit")
		}
		*field(c) = ports.Rate{Burst: count, Per: every}
		return nil
	}
}

func oneOf(allowed ...string) func(string) error {
	return func(text string) error {
		if !slices.Contains(allowed, text) {
			return fmt.Errorf("must be %s", strings.Join(allowed, " or "))
		}
		return nil
	}
}

func list(field func(*Config) *[]string) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = splitList(text)
		return nil
	}
}

// splitList reads "a, b" and, as it comes from a YAML list, "a,b".
func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func parseAlgorithm(c *Config, text string) error {
	c.Token.Algorithm = text
	return oneOf("EdDSA", "ES256")(text)
}

func parseLevel(c *Config, text string) error {
	if err := c.Log.Level.UnmarshalText([]byte(text)); err != nil {
		return errors.New("must be debug, info, warn or error")
	}
	return nil
}

func parseLogFormat(c *Config, text string) error {
	c.Log.Format = text
	return oneOf("text", "json")(text)
}
