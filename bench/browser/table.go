package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// cell is one figure in milliseconds, measured by one call a round.
type cell struct {
	name string
	do   func(ctx context.Context) (float64, error)
}

// row is a line of the result: the figure of the first against that of another.
type row struct{ what, figure, against, ratio, aim string }

// aims are the limits of a figure: by the name of what it is compared with a ratio, and by "" milliseconds.
type aims map[string]float64

// kept writes an aim and whether it is kept.
func kept(limit string, ok bool) string {
	return "≤ " + limit + map[bool]string{true: " met", false: " **missed**"}[ok]
}

// measure runs the cells round by round and returns the medians.
func (b *bench) measure(ctx context.Context, what string, rounds int, cells []cell) ([]float64, error) {
	all := make([][]float64, len(cells))
	for n := range rounds {
		for i := range cells {
			i = (i + n) % len(cells) // so that none always comes behind the same other
			v, err := cells[i].do(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", what, cells[i].name, err)
			}
			all[i] = append(all[i], v)
		}
	}
	out := make([]float64, len(all))
	var said []string
	for i, v := range all {
		slices.Sort(v)
		out[i] = v[len(v)/2]
		said = append(said, fmt.Sprintf("%s %s [%s..%s]", cells[i].name, ms(out[i]), ms(v[0]), ms(v[len(v)-1])))
	}
	fmt.Fprintln(os.Stderr, "  ", what+":", strings.Join(said, ", "))
	return out, nil
}

// compare measures cells in turn and adds a line for the first against each of the others.
func (b *bench) compare(ctx context.Context, what string, rounds int, limits aims, cells []cell) error {
	m, err := b.measure(ctx, what, rounds, cells)
	if err != nil {
		return err
	}
	for i := 1; i < len(m); i++ {
		r := row{what, ms(m[0]), cells[i].name + " " + ms(m[i]), fmt.Sprintf("%.2f×", m[0]/m[i]), ""}
		if limit, ok := limits[cells[i].name]; ok {
			r.aim = kept(fmt.Sprintf("%.2f×", limit), m[0] <= limit*m[i])
		}
		if i > 1 {
			r.what, r.figure = "", ""
		} else if limit, ok := limits[""]; ok {
			r.aim = strings.TrimPrefix(r.aim+"; "+kept(ms(limit), m[0] <= limit), "; ")
		}
		b.rows = append(b.rows, r)
	}
	b.loads = append(b.loads, load()...)
	return nil
}

// load is how many processes wanted a processor of this machine during the last minute, nothing where that is unknown.
func load() []float64 {
	b, err := os.ReadFile("/proc/loadavg")
	var v float64
	if err != nil {
		return nil
	}
	if _, err := fmt.Sscan(string(b), &v); err != nil {
		return nil
	}
	return []float64{v}
}

// ms writes milliseconds as a person reads them.
func ms(v float64) string {
	switch {
	case v >= 10_000:
		return fmt.Sprintf("%.1f s", v/1000)
	case v >= 1000:
		return fmt.Sprintf("%.2f s", v/1000)
	case v >= 10:
		return fmt.Sprintf("%.0f ms", v)
	case v >= 1:
		return fmt.Sprintf("%.1f ms", v)
	}
	return fmt.Sprintf("%.0f µs", v*1000)
}

// took returns the milliseconds since a moment.
func took(start time.Time) float64 { return float64(time.Since(start)) / float64(time.Millisecond) }

// given are the flags that this was called with.
func given() (s string) {
	flag.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "o", "profile":
		case "quick", "alone":
			s += " -" + f.Name
		default:
			s += " -" + f.Name + " " + f.Value.String()
		}
	})
	return s
}

// text writes the result as Markdown.
func (b *bench) text() string {
	var s strings.Builder
	mode := ""
	if b.quick {
		mode = " With -quick: a tenth of the work."
	}
	if len(b.loads) > 0 {
		low, high := slices.Min(b.loads), slices.Max(b.loads)
		mode += fmt.Sprintf(" Load of the machine: %.1f to %.1f on %d cores.", low, high, runtime.NumCPU())
		if high > 1.5*float64(runtime.NumCPU()) {
			mode += " It was busy with other work: the ratios count, not the times."
		}
	}
	about, _ := exec.Command(b.path, "--version").Output()
	fmt.Fprintf(&s, "# Bench of the browser\n\n`go run -C bench/browser .%s`, %s, %s %s/%s, %d cores, %s. Medians of %d rounds; what is compared was measured in turn, on the same pages of the loopback.%s\n\n",
		given(), time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), strings.TrimSpace(string(about)), b.rounds, mode)
	s.WriteString("| What | Aether | Against | Ratio | Aim |\n|---|---|---|---|---|\n")
	for _, r := range b.rows {
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s |\n", r.what, r.figure, r.against, r.ratio, r.aim)
	}
	s.WriteString("\n")
	for _, n := range slices.Compact(b.notes) {
		fmt.Fprintf(&s, "- %s\n", n)
	}
	return s.String()
}
