// Package alike measures how alike two texts are, from 0 (nothing in common)
// to 1 (equal), by several methods. Texts are compared by characters as they
// are; a Rule prepares them.
package alike

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The methods.
const (
	Ratio       = "ratio"        // Ratcliff and Obershelp, as Python's difflib without its junk rule
	Levenshtein = "levenshtein"  // 1 minus the edit distance by the longer length
	JaroWinkler = "jaro_winkler" // for names: the start counts more
	TokenSort   = "token_sort"   // ratio of the words in alphabetical order
	TokenSet    = "token_set"    // ratio of the words that both have, and of the rest
	Partial     = "partial"      // the shorter text somewhere inside of the longer one
)

const (
	// MaxLength is how many characters are compared at most.
	MaxLength = 10_000
	maxWork   = 1_000_000_000
)

// ErrLong is the error for texts that take too long to compare.
var ErrLong = errors.New("the texts are too long to compare: at most 10,000 characters each, less where they repeat themselves")

// Rule says how texts are compared.
type Rule struct {
	Method                                 string
	IgnoreCase, IgnoreAccents, IgnorePunct bool
}

// Text is a text made ready for comparing.
type Text struct {
	runes []rune
	words []string
}

// Prepare makes a text ready.
func (r Rule) Prepare(s string) Text {
	s = norm.NFC.String(s)
	if r.IgnoreAccents {
		s = norm.NFC.String(strings.Map(func(c rune) rune {
			if unicode.Is(unicode.Mn, c) {
				return -1
			}
			return c
		}, norm.NFD.String(s)))
	}
	if r.IgnoreCase {
		s = strings.ToLower(s)
	}
	if r.IgnorePunct {
		s = strings.Join(words(s), " ")
	}
	t := Text{runes: []rune(s)}
	if r.Method == TokenSort || r.Method == TokenSet {
		t.words = words(s)
		slices.Sort(t.words)
	}
	return t
}

func words(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.Is(unicode.M, c) })
}

// Score measures how alike two prepared texts are.
func (r Rule) Score(ctx context.Context, a, b Text) (float64, error) {
	if len(a.runes) > MaxLength || len(b.runes) > MaxLength {
		return 0, ErrLong
	}
	m := &meter{ctx: ctx, left: maxWork}
	switch r.Method {
	case Levenshtein:
		if len(a.runes)+len(b.runes) == 0 {
			return 1, nil
		}
		d := m.distance(a.runes, b.runes, false)
		return 1 - float64(d)/float64(max(len(a.runes), len(b.runes))), m.err
	case JaroWinkler:
		return Winkler(a.runes, b.runes), ctx.Err()
	case TokenSort:
		return m.ratio([]rune(strings.Join(a.words, " ")), []rune(strings.Join(b.words, " "))), m.err
	case TokenSet:
		return m.tokenSet(a.words, b.words), m.err
	case Partial:
		short, long := a.runes, b.runes
		if len(short) > len(long) {
			short, long = long, short
		}
		if len(short) == 0 {
			return m.ratio(short, long), m.err
		}
		d := m.distance(short, long, true)
		if len(short) == len(long) {
			d = min(d, m.distance(long, short, true)) // neither is the one inside
		}
		return 1 - float64(d)/float64(len(short)), m.err
	}
	return m.ratio(a.runes, b.runes), m.err
}

// meter bounds the work of one comparison.
type meter struct {
	ctx  context.Context
	left int
	err  error
}

// spend reports whether work may go on.
func (m *meter) spend(n int) bool {
	if m.err == nil {
		if m.left -= n; m.left < 0 {
			m.err = ErrLong
		}
	}
	return m.err == nil
}

// distance is the edit distance; inside lets a begin and end anywhere in b.
func (m *meter) distance(a, b []rune, inside bool) int {
	row := make([]int, len(b)+1)
	if !inside {
		for j := range row {
			row[j] = j
		}
	}
	for i, x := range a {
		if !m.spend(len(b)) || i%256 == 0 && m.ctx.Err() != nil {
			m.err = errors.Join(m.err, m.ctx.Err())
			return 0
		}
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	if inside {
		return slices.Min(row)
	}
	return row[len(b)]
}

// ratio is twice the characters in common by all characters, where what is in
// common is the longest common run and what is in common on both sides of it.
func (m *meter) ratio(a, b []rune) float64 {
	if len(a)+len(b) == 0 {
		return 1
	}
	type part struct{ alo, ahi, blo, bhi int }
	todo := []part{{0, len(a), 0, len(b)}}
	common := 0
	lengths := make([]int, len(b)+1)
	for len(todo) > 0 && m.err == nil {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		i, j, n := m.longest(a, b, p.alo, p.ahi, p.blo, p.bhi, lengths)
		if n == 0 {
			continue
		}
		common += n
		if p.alo < i && p.blo < j {
			todo = append(todo, part{p.alo, i, p.blo, j})
		}
		if i+n < p.ahi && j+n < p.bhi {
			todo = append(todo, part{i + n, p.ahi, j + n, p.bhi})
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b))
}

// longest finds the longest run that both have; the earliest in a, and then in
// b, of several.
func (m *meter) longest(a, b []rune, alo, ahi, blo, bhi int, lengths []int) (besti, bestj, best int) {
	clear(lengths[blo : bhi+1])
	for i := alo; i < ahi; i++ {
		if !m.spend(bhi-blo) || i%256 == 0 && m.ctx.Err() != nil {
			m.err = errors.Join(m.err, m.ctx.Err())
			return 0, 0, 0
		}
		before := 0 // what lengths[j] was in the row above
		for j := blo; j < bhi; j++ {
			above := lengths[j+1]
			if a[i] == b[j] {
				n := before + 1
				lengths[j+1] = n
				if n > best {
					besti, bestj, best = i-n+1, j-n+1, n
				}
			} else {
				lengths[j+1] = 0
			}
			before = above
		}
	}
	return besti, bestj, best
}

func (m *meter) tokenSet(a, b []string) float64 {
	a, b = slices.Compact(slices.Clone(a)), slices.Compact(slices.Clone(b))
	var both, onlyA, onlyB []string
	for _, w := range a {
		if _, there := slices.BinarySearch(b, w); there {
			both = append(both, w)
		} else {
			onlyA = append(onlyA, w)
		}
	}
	for _, w := range b {
		if _, there := slices.BinarySearch(a, w); !there {
			onlyB = append(onlyB, w)
		}
	}
	join := func(parts ...[]string) []rune { return []rune(strings.Join(slices.Concat(parts...), " ")) }
	common, withA, withB := join(both), join(both, onlyA), join(both, onlyB)
	best := m.ratio(withA, withB)
	if len(common) > 0 {
		best = max(best, m.ratio(common, withA), m.ratio(common, withB))
	}
	return best
}

// Winkler is the likeness of names by Jaro and Winkler, from 0 to 1.
func Winkler(a, b []rune) float64 {
	if len(a) == 0 && len(b) == 0 {
		return 1
	}
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	reach := max(max(len(a), len(b))/2-1, 0)
	usedA, usedB := make([]bool, len(a)), make([]bool, len(b))
	matches := 0
	for i, x := range a {
		for j := max(0, i-reach); j < min(len(b), i+reach+1); j++ {
			if !usedB[j] && b[j] == x {
				usedA[i], usedB[j] = true, true
				matches++
				break
			}
		}
	}
	if matches == 0 {
		return 0
	}
	swaps, j := 0, 0
	for i, x := range a {
		if !usedA[i] {
			continue
		}
		for !usedB[j] {
			j++
		}
		if b[j] != x {
			swaps++
		}
		j++
	}
	n := float64(matches)
	jaro := (n/float64(len(a)) + n/float64(len(b)) + (n-float64(swaps/2))/n) / 3
	prefix := 0
	for prefix < min(4, len(a), len(b)) && a[prefix] == b[prefix] {
		prefix++
	}
	return jaro + float64(prefix)*0.1*(1-jaro)
}
