package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"

	"github.com/aether-rpa/aether/heal"
)

// spread fits all weights again and again, each time to other sites, and judges the sites that were left out:
//
//	go run -C bench/healing . spread [-rounds N] [-seed N] [-share 0.6] [-cases FILE] [-o FILE]
//
// What a threshold promises on the pages that it was chosen on is one number; this says how far it goes up and down.
func spread(args []string) error {
	var cases files
	flags := flag.NewFlagSet("spread", flag.ContinueOnError)
	rounds := flags.Int("rounds", 20, "how often to fit")
	seed := flags.Uint64("seed", 1, "of the choice of sites")
	share := flags.Float64("share", 0.6, "part of the sites that is fitted to")
	out := flags.String("o", "", "file to write, instead of the standard output")
	flags.Var(&cases, "cases", "file of cases; may be given several times")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if len(cases) == 0 {
		cases = []string{learnFrom()}
	}
	fs, err := open(cases)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	var sites []*site
	for _, f := range fs {
		sites = append(sites, f.sites...)
	}
	n := int(*share * float64(len(sites)))
	if n < groups || n >= len(sites) {
		return fmt.Errorf("of %d sites a share of %g is fitted to: that leaves %d to fit to and %d to judge, and it takes %d and 1", len(sites), *share, n, len(sites)-n, groups)
	}
	r := &report{}
	s := spreading{sites: sites, all: lists(sites)}
	for i := range *rounds {
		say(fmt.Sprintf("round %d of %d", i+1, *rounds))
		s.round(rand.New(rand.NewPCG(*seed, uint64(i))), n) //nolint:gosec // which sites are left out is no secret
	}
	s.write(r, n)
	if *out == "" {
		_, err := os.Stdout.WriteString(r.b.String())
		return err
	}
	return os.WriteFile(*out, []byte(r.b.String()), 0o644) //nolint:gosec // a report for everybody
}

// thresholds are the probabilities that are compared; the shipped one is among them.
var thresholds = []float64{0.8, 0.9, 0.95, 0.97, 0.99}

// spreading collects what came of each round.
type spreading struct {
	sites  []*site
	all    []*list
	rounds []left
}

// left counts what became of the sites that were left out of a round.
type left struct {
	present, first, gone int
	// By threshold; around counts what stands around the right element and reads the same, further up than the
	// criterion of right goes: the same to a person who clicks it.
	healed, wrong, around, accepted []int
}

// round fits to n sites chosen by chance, and judges the others.
func (s *spreading) round(r *rand.Rand, n int) {
	order := slices.Clone(s.sites)
	r.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
	fit, judged := order[:n], order[n:]
	var out []string
	for _, x := range judged {
		out = append(out, x.Name)
	}
	w := weights{rank: fitRank(without(s.all, out...), nil)}
	w.yes = fitAccept(fit, without(s.all, out...), nil, w.rank)
	m := model(w, w)
	l := left{healed: make([]int, len(thresholds)), wrong: make([]int, len(thresholds)), around: make([]int, len(thresholds)), accepted: make([]int, len(thresholds))}
	for _, x := range judged {
		l.judge(x, m)
	}
	s.rounds = append(s.rounds, l)
}

// judge counts what a model makes of a site: every target once as the page is, and once with the right element taken
// away. Duplicates that read the same and lead to the same place are no fault.
func (l *left) judge(s *site, m *heal.Model) {
	p := m.Prepare(s.page)
	for i, w := range s.wanted() {
		t := &s.Pairs[i]
		if t.Truth < 0 {
			continue
		}
		v := p.Find(w)
		l.present++
		ok := right(s.Cands, v.Best, t.Truth)
		if ok {
			l.first++
		}
		g := s.removed(i)
		without := m.Prepare(g.page).Find(w)
		l.gone++
		for k, least := range thresholds {
			switch {
			case v.P < least || len(v.Vetoes) > 0:
			case ok:
				l.healed[k]++
			case one(&s.Cands[v.Best], &s.Cands[t.Truth]):
				l.around[k]++
			case !twin(s.Cands, v.Best, s.Cands, t):
				l.wrong[k]++
				if least == heal.Shipped().Weights().Heal {
					say(fmt.Sprintf("  wrong: %s %d with %.3f, margin %.1f", s.Name, i, v.P, v.Margin))
				}
			}
			if without.P >= least && len(without.Vetoes) == 0 && !twin(g.nodes, without.Best, s.Cands, t) {
				l.accepted[k]++
			}
		}
	}
}

// write writes the least, the middle and the most of all rounds.
func (s *spreading) write(r *report, n int) {
	of := func(part func(l *left) (int, int)) (least, middle, most float64) {
		var all []float64
		for i := range s.rounds {
			a, b := part(&s.rounds[i])
			all = append(all, 100*float64(a)/float64(max(b, 1)))
		}
		slices.Sort(all)
		return all[0], all[len(all)/2], all[len(all)-1]
	}
	cell := func(part func(l *left) (int, int)) string {
		a, b, c := of(part)
		return fmt.Sprintf("%.1f / %.1f / %.1f %%", a, b, c)
	}
	r.line("%d rounds, each fitted to %d sites chosen by chance and judged on the other %d; least / middle / most of the rounds, one element at a time. Right at rank 1: %s.", len(s.rounds), n, len(s.sites)-n,
		cell(func(l *left) (int, int) { return l.first, l.present }))
	r.head("Probability needed", "Healed", "Wrong", "Removed, but accepted", "Wrong, all rounds", "Around it, all rounds", "Accepted, all rounds")
	for k, least := range thresholds {
		wrong, around, accepted, present, gone := 0, 0, 0, 0, 0
		for _, l := range s.rounds {
			wrong, around, accepted, present, gone = wrong+l.wrong[k], around+l.around[k], accepted+l.accepted[k], present+l.present, gone+l.gone
		}
		r.row(fmt.Sprintf("%.2f", least),
			cell(func(l *left) (int, int) { return l.healed[k], l.present }),
			cell(func(l *left) (int, int) { return l.wrong[k], l.present }),
			cell(func(l *left) (int, int) { return l.accepted[k], l.gone }),
			fmt.Sprintf("%d of %d", wrong, present), fmt.Sprint(around), fmt.Sprintf("%d of %d", accepted, gone))
	}
}
