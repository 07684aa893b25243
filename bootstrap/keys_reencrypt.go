package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/ports"
)

func newKeysReencryptCommand(options *globalOptions) *cobra.Command {
	return &cobra.Command{
		Use: "reencrypt", Short: "Bring everything that is encrypted to the newest keys", Args: cobra.NoArgs,
		Long: `Brings everything in the database that is encrypted to the newest keys, and carries the replacement of an index key through.
A service that runs goes on meanwhile, and does the same by itself, more slowly. The command can be broken off at any time and
run again: it goes on where it was. It succeeds only when nothing is left under an old key.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, options, func(ctx context.Context, o *Operator) error {
				if err := o.note(ctx, "reencrypt"); err != nil {
					return err
				}
				return o.reencryptAll(ctx, cmd.OutOrStdout())
			})
		},
	}
}

// reencryptAll looks for itself whether it is done.
func (o *Operator) reencryptAll(ctx context.Context, out io.Writer) error {
	line := newProgressLine(out)
	err := o.reencrypt.Do(ctx, line.show)
	line.end()
	if errors.Is(err, context.Canceled) {
		return errors.New("broken off; what is re-encrypted stays so, and another run goes on from there")
	}
	if err != nil {
		return err
	}
	used, err := o.rows.Usage(ctx)
	if err != nil {
		return err
	}
	var fields, old int64
	for key, count := range used {
		fields += count
		if key != o.dataKeys.Plan().Newest().ID {
			old += count
		}
	}
	if old > 0 {
		return fmt.Errorf("%d fields are under an old key still; does a replica run that does not reach the database's newest keys?", old)
	}
	_, err = fmt.Fprintf(out, "all %d encrypted fields are under the newest key\n", fields)
	return err
}

// progressLine is one line of a terminal, or one every few seconds elsewhere.
type progressLine struct {
	out      io.Writer
	terminal bool
	every    time.Duration
	shown    time.Time
	began    time.Time // this pass, at the row that was seen then
	from     int64
	seen     int64
}

func newProgressLine(out io.Writer) *progressLine {
	line := &progressLine{out: out, every: 5 * time.Second}
	if file, ok := out.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			line.terminal, line.every = true, 200*time.Millisecond
		}
	}
	return line
}

func (l *progressLine) show(p datakey.Progress) {
	now := time.Now()
	if p.Wait > 0 {
		l.print(now, p.Index, fmt.Sprintf("waiting %s until every replica works with the newest keys", p.Wait.Round(time.Second)))
		l.began = time.Time{}
		return
	}
	if l.began.IsZero() || p.Seen < l.seen {
		l.began, l.from = now, p.Seen
	}
	l.seen = p.Seen
	took := now.Sub(l.began)
	if now.Sub(l.shown) < l.every || took == 0 {
		return
	}
	l.print(now, p.Index, fmt.Sprintf("%d of %d rows seen, %d re-encrypted, %.0f rows/s",
		p.Seen, max(p.Total, p.Seen), p.Changed, float64(p.Seen-l.from)/took.Seconds()))
}

// say shows a text, or passes it over where the last one has only just been shown.
func (l *progressLine) say(text string) {
	if now := time.Now(); now.Sub(l.shown) >= l.every {
		l.print(now, ports.IndexSteady, text)
	}
}

func (l *progressLine) print(now time.Time, phase ports.IndexPhase, text string) {
	l.shown = now
	if phase != ports.IndexSteady {
		text += fmt.Sprintf(" (index key: step %d of %d)", phase, ports.IndexClosing)
	}
	if l.terminal {
		fmt.Fprintf(l.out, "\r%s%s", text, strings.Repeat(" ", max(0, 79-len(text))))
		return
	}
	fmt.Fprintln(l.out, text)
}

func (l *progressLine) end() {
	if l.terminal && !l.shown.IsZero() {
		fmt.Fprintln(l.out)
	}
}
