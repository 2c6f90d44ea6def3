// Command browser measures Aether's browser driver beside bare protocol calls as the limit, and beside chromedp, rod
// and Playwright, all with the same Chromium on the same pages of the loopback; then the same work as flows that the
// engine runs with durable records.
//
//	go run -C bench/browser . [-quick] [-only STEPS] [-alone] [-rounds N] [-profile FILE] [-o ../BROWSER.md]
//
// Every figure is the median of several rounds, and what is compared is measured in turn, round by round, so that a
// busy machine slows all of them: the ratios are what to look at. Absolute figures depend on the machine. Each loop
// checks what it reads; a figure of work that was not done does not come about.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/testsite/ledger"
)

// playwright is the version that is measured: the newest whose protocol Debian's Chromium is known to speak.
const playwright = "1.52.0"

//go:embed drive.js
var driveScript string

var (
	bg   = context.Background()
	root = os.Geteuid() == 0 // for whom Chromium's sandbox does not start
)

func main() {
	ctx, stop := signal.NotifyContext(bg, os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/browser:", err)
		os.Exit(1)
	}
}

// bench is what all measurements share.
type bench struct {
	dir    string
	path   string // of the browser
	node   string // folder where Playwright is
	url    string
	ledger *ledger.Ledger
	quick  bool
	alone  bool
	rounds int
	n      int // turns of a loop
	rows   []row
	notes  []string
	loads  []float64
	open   []driver
}

// driver is a way to drive a browser.
type driver interface {
	name() string
	start(ctx context.Context) error // a browser with an empty page
	open(ctx context.Context, url string) error
	close() error
}

// hand is a driver that is told each single action from here.
type hand interface {
	driver
	click(ctx context.Context, id string) error
	text(ctx context.Context, id string) (string, error)
	fill(ctx context.Context, id, text string) error
	value(ctx context.Context, id string) (string, error)
	table(ctx context.Context) ([][]string, error)
}

func run(ctx context.Context) (err error) {
	quick := flag.Bool("quick", false, "a tenth of the work, for trying the bench itself")
	only := flag.String("only", "", "only these steps, separated by commas: "+stepNames())
	alone := flag.Bool("alone", false, "without chromedp, rod and Playwright")
	rounds := flag.Int("rounds", 5, "how often each figure is measured")
	profile := flag.String("profile", "", "write a processor profile of this process to a file")
	out := flag.String("o", "", "write the table to this file too")
	flag.Parse()
	for s := range strings.SplitSeq(*only, ",") {
		if s = strings.TrimSpace(s); s != "" && !strings.Contains(", "+stepNames()+",", ", "+s+",") {
			return fmt.Errorf("no step is called %q; there are %s", s, stepNames())
		}
	}
	if *rounds < 1 {
		return errors.New("-rounds must be at least 1")
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	b := &bench{quick: *quick, alone: *alone, rounds: *rounds, n: 1000}
	if b.quick {
		b.n = 100
	}
	if b.path, err = cdp.Find(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "aether-browser-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	b.ledger = ledger.New(nil)
	url, end, err := b.site()
	if err != nil {
		return err
	}
	defer end()
	b.url = url
	if !b.alone {
		if why := b.install(ctx); why != "" {
			b.node = ""
			b.note("%s", why)
		}
	}
	defer func() {
		for _, d := range b.open {
			err = errors.Join(err, d.close())
		}
	}()
	for _, s := range steps {
		if !wanted(s.name, *only) {
			continue
		}
		fmt.Fprintln(os.Stderr, time.Now().Format(time.TimeOnly), s.name)
		if err := s.do(b, ctx); err != nil {
			b.note("The run ended before its end: %s: %v", s.name, err)
			return errors.Join(fmt.Errorf("%s: %w", s.name, err), b.write(*out))
		}
	}
	return b.write(*out)
}

// write shows the table, and keeps it in a file if one is named.
func (b *bench) write(out string) error {
	text := b.text()
	fmt.Print(text)
	if out == "" {
		return nil
	}
	return os.WriteFile(out, []byte(text), 0o644) //nolint:gosec // it is a page of the repository
}

// steps are the measurements in order.
var steps = []struct {
	name string
	do   func(*bench, context.Context) error
}{
	{"calls", (*bench).calls},
	{"launch", (*bench).launch},
	{"click", (*bench).click},
	{"turn", (*bench).turn},
	{"fill", (*bench).fill},
	{"table", (*bench).table},
	{"flow", (*bench).flow},
	{"challenge", (*bench).challenge},
}

func stepNames() string {
	var names []string
	for _, s := range steps {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

func wanted(name, only string) bool {
	for w := range strings.SplitSeq(only, ",") {
		if only == "" || name == strings.TrimSpace(w) {
			return true
		}
	}
	return false
}

// note adds a sentence below the table.
func (b *bench) note(format string, args ...any) {
	n := fmt.Sprintf(format, args...)
	fmt.Fprintln(os.Stderr, "  ", n)
	b.notes = append(b.notes, n)
}
