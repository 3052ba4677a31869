package dataset

import (
	"fmt"

	"ftrun/runner/tokens"
)

// counting is how tokens are counted and limited.
type counting struct {
	encoding string
	counter  *tokens.Counter
	limit    int // 0: none
	warnings []string
}

func newCounting(config Config) (counting, error) {
	encoding, known := tokens.EncodingFor(config.BaseModel)
	counter, err := tokens.For(encoding)
	if err != nil {
		return counting{}, err
	}
	c := counting{encoding: encoding, counter: counter, limit: config.TokenLimit}
	documented, hasLimit := tokens.Limit(config.BaseModel)
	if !known {
		c.warnings = append(c.warnings, fmt.Sprintf("base model %q is not known: tokens are counted as %s", config.BaseModel, encoding))
	}
	switch {
	case c.limit == 0 && !hasLimit:
		c.warnings = append(c.warnings, fmt.Sprintf("no limit of tokens is documented for base model %q, and none is checked: set token_limit", config.BaseModel))
	case c.limit == 0:
		c.limit = documented
	case hasLimit && c.limit > documented:
		c.warnings = append(c.warnings, fmt.Sprintf(
			"token_limit is %d, and the service cuts examples for base model %q off at %d", c.limit, config.BaseModel, documented))
	}
	return c, nil
}
