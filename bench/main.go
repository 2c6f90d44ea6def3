// Command bench measures Aether's core against limits and peers taken in the
// same run, and prints the result as a Markdown table. Absolute times depend on
// the machine; the ratios are what to compare.
//
//	go run ./bench [-postgres URL] [-quick] [-o bench/RESULTS.md]
//
// Every figure is the median of several rounds, and each pair that makes a
// ratio is measured in turn, round by round, so that a busy machine slows both.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/dbosrt"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/all"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// row is one line of the result.
type row struct{ what, figure, against, ratio, aim string }

type bench struct {
	dir    string
	rounds int
	scale  int // 1, or 10 to divide the work by ten
	rows   []row
}

func run() error {
	pg := flag.String("postgres", os.Getenv("AETHER_TEST_POSTGRES"), "URL of a PostgreSQL database to measure on as well")
	quick := flag.Bool("quick", false, "a tenth of the work, for trying the bench itself")
	out := flag.String("o", "", "write the table to this file too")
	flag.Parse()
	dir, err := os.MkdirTemp("", "aether-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, rounds: 5, scale: 1}
	if *quick {
		b.rounds, b.scale = 3, 10
	}
	steps := []func() error{b.pure, b.growth, func() error { return b.overhead("SQLite", "sqlite:"+filepath.Join(dir, "over.db")) }, b.startup, func() error { return b.resume("SQLite", "sqlite:"+filepath.Join(dir, "resume.db")) }}
	if *pg != "" {
		steps = append(steps, func() error { return b.overhead("PostgreSQL", *pg) }, func() error { return b.resume("PostgreSQL", *pg) })
	}
	for _, s := range steps {
		if err := s(); err != nil {
			return err
		}
	}
	text := b.table()
	fmt.Print(text)
	if *out != "" {
		return os.WriteFile(*out, []byte(text), 0o644)
	}
	return nil
}

func (b *bench) table() string {
	var s strings.Builder
	fmt.Fprintf(&s, "# Bench\n\n`go run ./bench`, %s, %s %s/%s, %d cores. Medians of %d rounds.\n\n", time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.rounds)
	s.WriteString("| What | Figure | Against | Ratio | Aim |\n|---|---|---|---|---|\n")
	for _, r := range b.rows {
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s |\n", r.what, r.figure, r.against, r.ratio, r.aim)
	}
	return s.String()
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// host is the least that the engine needs around it.
type host struct{ store *disk.Store }

func (h host) Flow(context.Context, string) (*engine.Plan, error) { return nil, errors.New("none") }
func (h host) Env(info node.RunInfo, token string) *node.Env {
	return &node.Env{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Run: info, Token: token, Artifacts: h.store, Now: time.Now}
}
func (h host) Secret(context.Context, string) (vault.Secret, error) {
	return vault.Secret{}, vault.ErrNotFound
}
func (h host) Messages(context.Context, string) ([]engine.Message, error) { return nil, nil }
func (h host) Store() value.Sink                                          { return h.store }
func (h host) Emit(engine.Event)                                          {}
func (h host) Mask(v any) any                                             { return v }

// Sessions implements engine.Host.
func (h host) Sessions() *session.Table { return nil }

type stepIn struct{}
type stepOut struct {
	N int `json:"n" doc:"A number."`
}

// registry adds a node that does nothing but has to be recorded.
func registry() (*node.Registry, error) {
	def, err := node.DefOf(node.Spec[stepIn, stepOut]{
		Type: "bench.step", Title: "Step", Doc: "Does nothing and is recorded.", Effect: node.Read,
		Run: func(context.Context, *node.Env, stepIn) (stepOut, error) { return stepOut{1}, nil },
	})
	if err != nil {
		return nil, err
	}
	return node.Default.With(def), nil
}

func (b *bench) walk(rt durable.Runtime, id, src string, count *engine.Counters) (time.Duration, error) {
	f, err := flow.Decode([]byte(src))
	if err != nil {
		return 0, err
	}
	reg, err := registry()
	if err != nil {
		return 0, err
	}
	p, err := engine.Compile(f, reg)
	if err != nil {
		return 0, err
	}
	h := host{disk.Open(filepath.Join(b.dir, "artifacts"))}
	start := time.Now()
	_, err = rt.Run(context.Background(), id, func(ctx context.Context, log durable.Log) ([]byte, error) {
		o := engine.Options{RunID: id, Now: time.Now, Started: start, Input: map[string]any{}}
		res, err := engine.Execute(ctx, p, log, h, o, count)
		if err == nil && res.Failure != nil {
			err = res.Failure
		}
		return []byte("{}"), err
	})
	return time.Since(start), err
}

func pureFlow(turns int) string {
	return fmt.Sprintf("aether: 1\nname: pure\nvars: {n: 0, odd: 0}\nnodes:\n- {id: r, type: flow.repeat, params: {times: %d}}\n"+
		"- {id: s, type: var.set, params: {name: n, value: '{{ vars.n + 1 }}'}}\n- {id: i, type: flow.if, params: {condition: '{{ vars.n %% 2 == 1 }}'}}\n"+
		"- {id: o, type: var.set, params: {name: odd, value: '{{ vars.odd + 1 }}'}}\n- {id: e, type: var.increment, params: {name: even}}\n"+
		"edges: [r.body -> s, s -> i, i.then -> o, i.else -> e]\n", turns)
}

// pure measures nodes that are never recorded, on one core.
func (b *bench) pure() error {
	old := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(old)
	var rates []time.Duration
	for range b.rounds {
		var c engine.Counters
		d, err := b.walk(memrt.New(), "r", pureFlow(400_000/b.scale), &c)
		if err != nil {
			return err
		}
		rates = append(rates, d/time.Duration(max(1, c.Nodes.Load()/1000)))
	}
	m := median(rates)
	b.rows = append(b.rows, row{"pure nodes in a loop, one core", fmt.Sprintf("%.0f/s", 1000/m.Seconds()), "", "", "≥ 1,000,000/s"})
	return nil
}

// growth measures whether ten times the nodes take ten times as long.
func (b *bench) growth() error {
	per := map[int][]time.Duration{}
	sizes := []int{10_000 / b.scale, 100_000 / b.scale, 1_000_000 / b.scale}
	for range b.rounds {
		for _, n := range sizes {
			var c engine.Counters
			d, err := b.walk(memrt.New(), "r", pureFlow(n), &c)
			if err != nil {
				return err
			}
			per[n] = append(per[n], d*1000/time.Duration(c.Nodes.Load()))
		}
	}
	small, large := median(per[sizes[0]]), median(per[sizes[2]])
	b.rows = append(b.rows, row{"time per node at 100 times the nodes", (large / 1000).String(), (small / 1000).String() + " at the small size", fmt.Sprintf("%.2f×", float64(large)/float64(small)), "linear (about 1×)"})
	return nil
}

func open(target string) (*db.DB, durable.Runtime, error) {
	d, err := db.Open(context.Background(), target, db.Options{})
	if err != nil {
		return nil, nil, err
	}
	rt, err := dbosrt.Open(context.Background(), dbosrt.Config{DB: d, AppName: "aether", Executor: fmt.Sprintf("bench-%d-%d", os.Getpid(), time.Now().UnixNano()), Resumes: true, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	return d, rt, err
}

func stepFlow(n int) string {
	return fmt.Sprintf("aether: 1\nname: steps\nnodes:\n- {id: r, type: flow.repeat, params: {times: %d}}\n- {id: s, type: bench.step}\nedges: [r.body -> s]\n", n)
}

// overhead compares a recorded node with one bare commit on the same database.
func (b *bench) overhead(name, target string) error {
	d, rt, err := open(target)
	if err != nil {
		return err
	}
	defer d.Close()
	defer func() { _ = rt.Close(5 * time.Second) }()
	if _, err := d.SQL.Exec("CREATE TABLE IF NOT EXISTS bench_bare (id TEXT, n INTEGER, data TEXT, PRIMARY KEY (id, n))"); err != nil {
		return err
	}
	n := 2000 / b.scale
	var nodes, bare []time.Duration
	for r := range b.rounds {
		id := fmt.Sprintf("over-%d-%d", time.Now().UnixNano(), r)
		t, err := bareCommits(d.SQL, id, n)
		if err != nil {
			return err
		}
		bare = append(bare, t/time.Duration(n))
		t, err = b.walk(rt, id, stepFlow(n), &engine.Counters{})
		if err != nil {
			return err
		}
		nodes = append(nodes, t/time.Duration(n))
	}
	x, y := median(nodes), median(bare)
	b.rows = append(b.rows, row{"a recorded node, " + name, x.Round(time.Microsecond).String(), y.Round(time.Microsecond).String() + " for one bare commit of a row", fmt.Sprintf("%.1f×", float64(x)/float64(y)), "≤ 3×"})
	return nil
}

func bareCommits(s *sql.DB, id string, n int) (time.Duration, error) {
	start := time.Now()
	for i := range n {
		tx, err := s.Begin()
		if err != nil {
			return 0, err
		}
		if _, err := tx.Exec("INSERT INTO bench_bare (id, n, data) VALUES ($1, $2, $3)", id, i, `{"out":{"n":1},"s":1,"e":2,"def":"0011223344556677","fx":"read"}`); err != nil {
			return 0, err
		}
		if err := tx.Commit(); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// startup measures aether run of a flow with ten nodes, from start to exit.
func (b *bench) startup() error {
	bin := filepath.Join(b.dir, "aether")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, "./cmd/aether")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building aether: %w\n%s", err, out)
	}
	src := "aether: 1\nname: ten\nnodes:\n"
	var edges []string
	for i := range 10 {
		src += fmt.Sprintf("- {id: n%d, type: random.int, params: {min: 1, max: 6}}\n", i)
		if i > 0 {
			edges = append(edges, fmt.Sprintf("n%d -> n%d", i-1, i))
		}
	}
	src += "edges: [" + strings.Join(edges, ", ") + "]\n"
	path := filepath.Join(b.dir, "ten.flow.yaml")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		return err
	}
	var runs, empty []time.Duration
	for i := range 4 * b.rounds {
		for _, args := range [][]string{{"version"}, {"run", "-q", "--new", path}} {
			cmd := exec.Command(bin, args...)
			cmd.Env = append(os.Environ(), "AETHER_DATA_DIR="+filepath.Join(b.dir, "data"))
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("aether %v: %w\n%s", args, err, out)
			}
			switch d := time.Since(start); {
			case i == 0: // makes the database
			case args[0] == "run":
				runs = append(runs, d)
			default:
				empty = append(empty, d)
			}
		}
	}
	x, y := median(runs), median(empty)
	b.rows = append(b.rows, row{"aether run of ten recorded nodes, start to exit", x.Round(100 * time.Microsecond).String(), y.Round(100*time.Microsecond).String() + " for aether version", fmt.Sprintf("%.1f×", float64(x)/float64(y)), "≤ 60 ms"})
	info, err := os.Stat(bin)
	if err != nil {
		return err
	}
	b.rows = append(b.rows, row{"size of the stripped binary", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "", "", "≤ 60 MB"})
	return nil
}

var errStop = errors.New("stop")

// resume measures going on with a run that has 10,000 recorded nodes.
func (b *bench) resume(name, target string) error {
	n := 10_000 / b.scale
	d, rt, err := open(target)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("resume-%d", time.Now().UnixNano())
	_, err = rt.Run(context.Background(), id, func(ctx context.Context, log durable.Log) ([]byte, error) {
		for i := range n {
			if err := log.Append(ctx, durable.Entry{Name: fmt.Sprintf("r[%d]/s", i), Data: []byte(`{"out":{"n":1},"s":1,"e":2,"def":"x","fx":"read"}`)}); err != nil {
				return nil, err
			}
		}
		return nil, errStop
	})
	if !errors.Is(err, errStop) {
		return fmt.Errorf("preparing the run: %w", err)
	}
	if err := rt.Close(5 * time.Second); err != nil {
		return err
	}
	// Closing the durable engine closes its database handle with it.
	d.Close()
	if d, rt, err = open(target); err != nil {
		return err
	}
	defer d.Close()
	defer func() { _ = rt.Close(5 * time.Second) }()
	t, err := b.walk(rt, id, stepFlow(n), &engine.Counters{})
	if err != nil {
		return err
	}
	b.rows = append(b.rows, row{fmt.Sprintf("resume of a run with %d recorded nodes, %s", n, name), t.Round(time.Millisecond).String(), "", "", "≤ 1 s"})
	return nil
}
