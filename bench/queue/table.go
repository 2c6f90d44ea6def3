package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// cell is one figure: a rate or a time, measured by one call a round.
type cell struct {
	name string
	do   func(ctx context.Context) (float64, error)
}

// group are cells that are measured in turn. The figure of the first is divided
// by each of the others'.
type group struct {
	what  string
	cells []cell
	aim   string
}

// table is a heading and its lines.
type table struct {
	title string
	head  []string
	rows  [][]string
}

func (b *bench) table(title string, head ...string) *table {
	t := &table{title: title, head: head}
	b.tables = append(b.tables, t)
	return t
}

// measure runs the cells of a group round by round and returns the medians.
func (b *bench) measure(ctx context.Context, g group) ([]float64, error) {
	all := make([][]float64, len(g.cells))
	b.used = make([][]used, len(g.cells))
	for range b.rounds {
		for i, c := range g.cells {
			b.last = nil
			v, err := c.do(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", g.what, c.name, err)
			}
			all[i] = append(all[i], v)
			if b.last != nil {
				b.used[i] = append(b.used[i], *b.last)
			}
		}
	}
	out := make([]float64, len(all))
	var said []string
	for i, v := range all {
		slices.Sort(v)
		out[i] = v[len(v)/2]
		said = append(said, strings.TrimSpace(fmt.Sprintf("%s %.4g [%.4g..%.4g] %s", g.cells[i].name, out[i], v[0], v[len(v)-1], middle(b.used[i]))))
	}
	fmt.Fprintln(os.Stderr, "  ", g.what+":", strings.Join(said, ", "))
	return out, nil
}

// peers are the queues that are left out with -alone.
var peers = []string{"River", "PgQueuer", "DBOS"}

// compare measures a group of rates and adds a line for each pair.
func (b *bench) compare(ctx context.Context, t *table, g group) error {
	if !strings.Contains(g.what, b.shape) {
		return nil
	}
	if b.alone {
		g.cells = slices.DeleteFunc(g.cells, func(c cell) bool { return slices.Contains(peers, c.name) })
	}
	m, err := b.measure(ctx, g)
	if err != nil {
		return err
	}
	if len(m) == 1 {
		uses := ""
		if u := middle(b.used[0]); u.client > 0 {
			uses = fmt.Sprintf("%.1f µs of processor time a job", float64((u.client+u.server).Nanoseconds())/1000)
		}
		t.rows = append(t.rows, []string{g.what, rate(m[0]), uses, "", g.aim})
	}
	for i := 1; i < len(m); i++ {
		row := []string{g.what, rate(m[0]), g.cells[i].name + " " + rate(m[i]), fmt.Sprintf("%.2f×", m[0]/m[i]), g.aim}
		if a, o := middle(b.used[0]), middle(b.used[i]); len(t.head) > len(row) && o.client > 0 {
			row = append(row, fmt.Sprintf("%s, %s %s: %.2f×", a, g.cells[i].name, o, (o.client+o.server).Seconds()/(a.client+a.server).Seconds()))
		}
		for len(row) < len(t.head) {
			row = append(row, "")
		}
		t.rows = append(t.rows, row)
	}
	return nil
}

func rate(v float64) string {
	switch {
	case v >= 10_000:
		return fmt.Sprintf("%.1fk/s", v/1000)
	case v >= 1000:
		return fmt.Sprintf("%.2fk/s", v/1000)
	}
	return fmt.Sprintf("%.0f/s", v)
}

// text writes all tables as Markdown.
func (b *bench) text() string {
	var s strings.Builder
	mode := ""
	if b.quick {
		mode = " With -quick: a tenth of the work."
	}
	fmt.Fprintf(&s, "# Bench of the queue\n\n`go run -C bench/queue .`, %s, %s %s/%s, %d cores, %s. Medians of %d rounds; what is compared was measured in turn.%s\n",
		time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.server.about, b.rounds, mode)
	for _, t := range b.tables {
		fmt.Fprintf(&s, "\n## %s\n\n| %s |\n|%s\n", t.title, strings.Join(t.head, " | "), strings.Repeat("---|", len(t.head)))
		for _, r := range t.rows {
			fmt.Fprintf(&s, "| %s |\n", strings.Join(r, " | "))
		}
	}
	if len(b.notes) > 0 {
		s.WriteString("\n")
	}
	for _, n := range b.notes {
		fmt.Fprintf(&s, "- %s\n", n)
	}
	return s.String()
}

// note adds a sentence below the tables.
func (b *bench) note(format string, args ...any) {
	n := fmt.Sprintf(format, args...)
	fmt.Fprintln(os.Stderr, "  ", n)
	b.notes = append(b.notes, n)
}
