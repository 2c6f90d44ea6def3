// Command queue measures Aether's queue beside River, PgQueuer and DBOS's own
// queue, and beside bare commits of one row as the limit, all on one PostgreSQL
// that keeps what it has committed (fsync and synchronous_commit are on).
//
//	go run -C bench/queue . [-postgres URL] [-quick] [-full] [-only STEPS] [-shape WORDS] [-alone] [-o ../QUEUE.md]
//
// Without a URL it starts a PostgreSQL of its own. Every figure is the median
// of several rounds, and what is compared is measured in turn, round by round,
// so that a busy machine slows all of them: the ratios are what to look at.
// Absolute figures depend on the machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/queue:", err)
		os.Exit(1)
	}
}

// bench is what all measurements share.
type bench struct {
	server *server
	dir    string
	quick  bool
	full   bool
	shape  string
	alone  bool
	rounds int
	span   time.Duration // of a cell that is measured by time
	jobs   int           // of a cell that is measured by work
	tables []*table
	notes  []string
	last   *used    // by the cell that was measured last, if it tells
	used   [][]used // by the cells of the group that was measured last
}

func run(ctx context.Context) error {
	url := flag.String("postgres", "", "URL of a PostgreSQL server to measure on, whose user may make databases; a new one is started without it")
	quick := flag.Bool("quick", false, "a tenth of the work, for trying the bench itself")
	full := flag.Bool("full", false, "every combination of batch and workers")
	only := flag.String("only", "", "only these steps, separated by commas: "+stepNames())
	shape := flag.String("shape", "", "only the shapes whose words have this in them, such as \"batch 1, 16\"")
	alone := flag.Bool("alone", false, "without River, PgQueuer and DBOS")
	profile := flag.String("profile", "", "write a processor profile of this process to a file")
	out := flag.String("o", "", "write the tables to this file too")
	flag.Parse()
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
	dir, err := os.MkdirTemp("", "aether-queue-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, quick: *quick, full: *full, shape: *shape, alone: *alone, rounds: 5, span: 5 * time.Second, jobs: 100_000}
	if *quick {
		b.rounds, b.span, b.jobs = 3, time.Second, 10_000
	}
	if b.server, err = startServer(ctx, dir, *url); err != nil {
		return err
	}
	defer b.server.stop()
	for _, s := range steps {
		if !wanted(s.name, *only) {
			continue
		}
		fmt.Fprintln(os.Stderr, time.Now().Format(time.TimeOnly), s.name)
		if err := s.do(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	text := b.text()
	fmt.Print(text)
	if *out != "" {
		return os.WriteFile(*out, []byte(text), 0o644) //nolint:gosec // it is a page of the repository
	}
	return nil
}

// steps are the measurements in order.
var steps = []struct {
	name string
	do   func(*bench, context.Context) error
}{
	{"commits", (*bench).commits},
	{"enqueue", (*bench).enqueue},
	{"claim", (*bench).claim},
	{"endtoend", (*bench).endToEnd},
	{"dispatcher", (*bench).dispatcher},
	{"dbos", (*bench).dbos},
	{"pgqueuer", (*bench).pgqueuer},
	{"fair", (*bench).fair},
	{"fairness", (*bench).fairness},
	{"backlog", (*bench).backlog},
	{"snapshot", (*bench).snapshot},
	{"sqlite", (*bench).sqlite},
	{"latency", (*bench).latency},
	{"idle", (*bench).idle},
	{"runs", (*bench).runs},
}

func stepNames() string {
	var names []string
	for _, s := range steps {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

func wanted(name, only string) bool {
	if only == "" {
		return true
	}
	for w := range strings.SplitSeq(only, ",") {
		if name == strings.TrimSpace(w) {
			return true
		}
	}
	return false
}
