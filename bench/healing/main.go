// Command healing measures how well Aether finds elements again after pages changed, beside Similo, VON Similo and the
// rules of Healenium and CasareRPA, written from their descriptions, all on the same cases; and it fits the weights that
// package heal carries.
//
//	go run -C bench/healing . [-o ../HEALING.md] [-cases FILE]...
//	go run -C bench/healing . train [-o ../../heal/weights.json] [-cases FILE]
//	go run -C bench/healing . spread [-rounds N]
//	go run -C bench/healing . pages
//
// The cases are texts of real pages, which belong to their sites, so they are no part of the repository. A file of cases
// is JSON, or JSON in gzip: a list of sites, each {"site": name, "cands": [element...], "pairs": [{"target": element,
// "truth": place among cands, or -1 if it is gone}...]}, an element being {"tag", "id", "name", "cls", "href", "alt",
// "xpath", "idxpath", "btn", "x", "y", "w", "h", "text", "nb"} with nb for the words around it. Without -cases the files
// of ../shared/healing_data beside the repository are used.
//
// What belongs to a site that the weights were fitted to is judged with weights fitted without it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/heal"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench/healing:", err)
		os.Exit(1)
	}
}

// files collects the values of -cases.
type files []string

func (f *files) String() string { return strings.Join(*f, " ") }

// Set adds a file.
func (f *files) Set(s string) error {
	*f = append(*f, s)
	return nil
}

func run(args []string) error {
	if len(args) > 0 && args[0] == "pages" {
		return pages(args[1:])
	}
	if len(args) > 0 && args[0] == "spread" {
		return spread(args[1:])
	}
	fit := len(args) > 0 && args[0] == "train"
	if fit {
		args = args[1:]
	}
	var cases files
	flags := flag.NewFlagSet("healing", flag.ContinueOnError)
	out := flags.String("o", "", "file to write, instead of the standard output")
	flags.Var(&cases, "cases", "file of cases; may be given several times")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not understood; use train, spread, pages, -o FILE and -cases FILE", flags.Arg(0))
	}
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(300)
	write := func(b []byte) error {
		if *out == "" {
			_, err := os.Stdout.Write(b)
			return err
		}
		return os.WriteFile(*out, b, 0o644) //nolint:gosec // a report for everybody
	}
	if fit {
		b, err := trained(cases)
		if err != nil {
			return err
		}
		return write(b)
	}
	b, err := measured(cases)
	if err != nil {
		return err
	}
	return write(b)
}

func say(s string) { fmt.Fprintln(os.Stderr, " ", s) }

// trained are the weights fitted to a file of cases, usually the one whose labels were checked.
func trained(cases []string) ([]byte, error) {
	if len(cases) == 0 {
		cases = []string{learnFrom()}
	}
	fs, err := open(cases)
	if err != nil {
		return nil, err
	}
	var sites []*site
	var data []string
	for _, f := range fs {
		n, _ := f.pairs()
		data = append(data, fmt.Sprintf("%s/%s: %d pairs of %d sites", filepath.Base(filepath.Dir(f.name)), filepath.Base(f.name), n, len(f.sites)))
		sites = append(sites, f.sites...)
	}
	b, err := json.MarshalIndent(train(sites, strings.Join(data, "; ")), "", " ")
	return append(b, '\n'), err
}

// learnFrom is the file that weights are fitted to.
func learnFrom() string { return filepath.Join(root(), defaults[1]) }

// measured is the report on files of cases.
func measured(cases []string) ([]byte, error) {
	fs, err := open(cases)
	if err != nil {
		return nil, err
	}
	models := &judges{}
	var r report
	r.begin(heal.Shipped().Weights())
	for _, f := range fs {
		say(f.name)
		if err := models.need(f); err != nil {
			return nil, err
		}
		mine := own(f, models.of, say)
		r.results(f, append(mine, rivalsOf(f, say)...))
		r.checks(silent(f, models.of))
		r.calibration(mine[2])
	}
	r.times(speed(fs[0]))
	r.b.WriteString(notes)
	return []byte(r.b.String()), nil
}

// judges are the weights that may judge a site to which the shipped ones were fitted: for pages with layout, and for
// others.
type judges struct{ laid, flat map[string]weights }

// seen is the name under which the shipped weights were fitted to a site, "" if they were not.
func seen(s *site) string {
	sites := heal.Shipped().Weights().Sites
	if i := slices.IndexFunc(sites, func(n string) bool { return strings.EqualFold(n, s.Name) }); i >= 0 {
		return sites[i]
	}
	return ""
}

// laidOut says that all of a site has a layout.
func (s *site) laidOut() bool {
	for i := range s.Pairs {
		if n := &s.Pairs[i].Target; n.W == 0 && n.H == 0 {
			return false
		}
	}
	return !slices.ContainsFunc(s.Cands, func(n node) bool { return n.W == 0 && n.H == 0 && n.X == 0 && n.Y == 0 })
}

// need fits the weights that a file needs.
func (j *judges) need(f *file) error {
	laid, flat := false, false
	for _, s := range f.sites {
		if seen(s) != "" {
			laid = true
			flat = flat || !s.laidOut()
		}
	}
	laid, flat = laid && j.laid == nil, flat && j.flat == nil
	if !laid && !flat {
		return nil
	}
	data, err := readCases(learnFrom())
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the shipped weights were fitted to some of the sites of %s, and %s is not there to fit weights without them", f.name, learnFrom())
	}
	if err != nil {
		return err
	}
	if laid {
		j.laid = heldOut(data.sites, say)
	}
	if flat {
		var bare []*site
		for _, s := range data.sites {
			bare = append(bare, s.bare())
		}
		j.flat = heldOut(bare, say)
	}
	return nil
}

// of is the model that judges a site.
func (j *judges) of(s *site) *heal.Model {
	name := seen(s)
	if name == "" {
		return heal.Shipped()
	}
	laid, flat := j.laid[name], j.laid[name]
	if j.flat != nil {
		flat = j.flat[name]
	}
	return model(laid, flat)
}
