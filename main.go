// Command menjin is a self-hosted identity backend for WeChat mini-programs. See README.md.
package main

import (
	"os"

	"github.com/menjin-id/menjin/bootstrap"
)

func main() { os.Exit(bootstrap.Main(os.Args[1:])) }
