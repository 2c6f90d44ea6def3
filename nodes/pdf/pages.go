package pdf

import (
	"strconv"
	"strings"
)

// pagesDoc is shared by the docs of pages params:
// "Pages to ...: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even."

// maxPages bounds a list of pages, which may name pages more than once.
const maxPages = 100_000

// pageList returns the pages that the specs name, in the order named, for a
// document of count pages. No specs are all pages. Every part is a number, a
// range "a-b" (backwards if a > b), "a-", "-b", "last", "last-2" (counted from
// the end), "odd", "even" or "all"; parts are separated by commas or blanks, and
// "!" before a part takes its pages out again.
func pageList(specs []string, count int) ([]int, error) {
	var out []int
	none := true
	drop := map[int]bool{}
	for _, s := range specs {
		for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' || r == '\n' }) {
			not, isNot := strings.CutPrefix(part, "!")
			pages, err := pagePart(not, count)
			if err != nil {
				return nil, err
			}
			if isNot {
				for _, p := range pages {
					drop[p] = true
				}
				continue
			}
			none = false
			if out = append(out, pages...); len(out) > maxPages {
				return nil, input("name fewer pages", "more than %d pages are named", maxPages)
			}
		}
	}
	if none {
		out, _ = pagePart("all", count)
	}
	kept := out[:0]
	for _, p := range out {
		if !drop[p] {
			kept = append(kept, p)
		}
	}
	return kept, nil
}

func pagePart(part string, count int) ([]int, error) {
	switch strings.ToLower(part) {
	case "all":
		return span(1, count), nil
	case "odd", "even":
		var out []int
		for p := 1; p <= count; p++ {
			if (p%2 == 1) == strings.EqualFold(part, "odd") {
				out = append(out, p)
			}
		}
		return out, nil
	}
	if p, ok := pageNumber(part, count); ok {
		return checked(part, count, p, p)
	}
	// The dash of a range is the last one that leaves two pages: "last-2-last".
	for i := len(part) - 1; i >= 0; i-- {
		if part[i] != '-' {
			continue
		}
		from, okFrom := pageNumber(part[:i], count)
		to, okTo := pageNumber(part[i+1:], count)
		if i == 0 {
			from, okFrom = 1, true
		}
		if i == len(part)-1 {
			to, okTo = max(count, from), true
		}
		if okFrom && okTo && len(part) > 1 {
			return checked(part, count, from, to)
		}
	}
	return nil, input("write pages like 1-3, 5, 8-, last, odd or !4", "%q is not a page or a range of pages", part)
}

func pageNumber(s string, count int) (int, bool) {
	low := strings.ToLower(s)
	if low == "last" {
		return count, true
	}
	if back, ok := strings.CutPrefix(low, "last-"); ok {
		n, err := strconv.Atoi(back)
		return count - n, err == nil && n >= 0
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && s[0] != '+' && s[0] != '-'
}

func checked(part string, count, from, to int) ([]int, error) {
	for _, p := range []int{from, to} {
		if p < 1 || p > count {
			return nil, input("name pages from 1 to the number of pages", "there is no page %d: %q was asked for and the document has %d", p, part, count)
		}
	}
	return span(from, to), nil
}

func span(from, to int) []int {
	step := 1
	if to < from {
		if from == 1 { // an empty document
			return nil
		}
		step = -1
	}
	out := make([]int, 0, max(to-from, from-to)+1)
	for p := from; ; p += step {
		out = append(out, p)
		if p == to {
			return out
		}
	}
}

// selection writes pages in the words of pdfcpu.
func selection(pages []int) []string {
	out := make([]string, len(pages))
	for i, p := range pages {
		out[i] = strconv.Itoa(p)
	}
	return out
}
