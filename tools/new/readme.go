package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// introductions are the READMEs with what stands in front of the original's own text.
var introductions = map[string]string{
	"README.md": "# %s\n\nAn identity backend, made from [Menjin](https://%s)%s, whose licence is in LICENSE.\n" +
		"Say here what yours is for. What follows is Menjin's own introduction.\n",
	"README.zh-CN.md": "# %s\n\n身份服务,由 [Menjin 门禁](https://%s)%s 而来,许可见 LICENSE。\n在此说明它的用途。以下是 Menjin 自己的介绍。\n",
}

var title = regexp.MustCompile(`\A# .*\n`)

// introduce gives the READMEs a title of their own.
func introduce(ctx context.Context, root, dir, from, module string) error {
	commit := ""
	if hash, err := git(ctx, root, "rev-parse", "--short=12", "HEAD"); err == nil { // a repository may have no commit yet
		commit = " " + strings.TrimSpace(hash)
	}
	for name, words := range introductions {
		file := filepath.Join(dir, name)
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("introduce the new service: %w", err)
		}
		header := fmt.Sprintf(words, path.Base(module), from, commit)
		if err := os.WriteFile(file, title.ReplaceAllLiteral(text, []byte(header)), 0o600); err != nil {
			return fmt.Errorf("introduce the new service: %w", err)
		}
	}
	return nil
}
