package config

import (
	"errors"
	"strconv"

	"github.com/menjin-id/menjin/adapters/tracing"
	"github.com/menjin-id/menjin/domain"
)

// parseTraces leaves it to who sends traces to read the address.
func parseTraces(c *Config, text string) error {
	c.Traces.Endpoint = text
	if text == "" {
		return nil
	}
	return tracing.CheckEndpoint(text)
}

func parseTraceHeaders(c *Config, text string) error {
	c.Traces.Headers = domain.NewSecret(text)
	return tracing.CheckHeaders(c.Traces.Headers)
}

func parseSampleRatio(c *Config, text string) error {
	ratio, err := strconv.ParseFloat(text, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) { // which is not so of NaN either
		return errors.New("must be a number from 0 to 1, e.g. 0.01")
	}
	c.Traces.SampleRatio = ratio
	return nil
}
