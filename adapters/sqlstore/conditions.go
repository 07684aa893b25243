package sqlstore

import (
	"fmt"
	"strings"
)

// conditions are what a statement that is put together asks of a row, all at once.
type conditions struct {
	texts []string
	args  []any
}

// add asks for what a left side and an operator say of an argument.
func (c *conditions) add(comparison string, arg any) {
	c.texts = append(c.texts, comparison+" "+c.arg(arg))
}

// arg returns the place of one more argument.
func (c *conditions) arg(arg any) string {
	c.args = append(c.args, arg)
	return fmt.Sprintf("$%d", len(c.args))
}

// where is empty where nothing is asked.
func (c *conditions) where() string {
	if c.texts == nil {
		return ""
	}
	return " WHERE " + strings.Join(c.texts, " AND ")
}
