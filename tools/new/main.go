// Command new makes a service of one's own out of this repository: a copy of its files with another module path, a README
// that says where it comes from, and a history that begins anew.
//
//	go run -C tools/new . -module example.com/acme/idp -dir ../idp
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "new:", err)
		os.Exit(1)
	}
}

const usage = `Copies this repository to a folder and makes it a service of its own.

  task new MODULE=example.com/acme/idp
  task new MODULE=example.com/acme/idp DIR=../identity

Every file that git knows is copied as it stands, changes that are not committed included. The module path is renamed in
all of them and in every module; what other services see keeps its name: event types, streams, subjects, metrics, the
variables MENJIN_… and the program's name. LICENSE stays as it is, as its own words ask for.
`

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("new", flag.ContinueOnError)
	flags.SetOutput(out)
	module := flags.String("module", "", "module path of the new service, e.g. example.com/acme/idp")
	dir := flags.String("dir", "", "folder to make, seen from the repository's root; it must not exist (default beside it, named like the module)")
	flags.Usage = func() {
		fmt.Fprintln(out, strings.TrimSuffix(usage, "\n"))
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q; see -help", flags.Arg(0))
	}
	root, err := repository(ctx)
	if err != nil {
		return err
	}
	made, err := create(ctx, root, *dir, *module)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is in %s (%d files).\n", *module, made.dir, made.files)
	if !made.committed {
		fmt.Fprintln(out, "git knows no name to commit by: set user.name and user.email, then git commit -m \"Begin\".")
	}
	fmt.Fprintf(out, "\n  cd %s\n  go run .\n  go tool -modfile=tools/go.mod task test\n", made.dir)
	return nil
}
