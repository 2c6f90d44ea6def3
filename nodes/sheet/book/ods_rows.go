package book

import (
	"strconv"
	"strings"
	"time"
)

type odsRows struct {
	s        *scanner
	limits   Limits
	sheet    string
	do       func(*Row) error // nil when only merged ranges are wanted
	merges   []Range
	row      Row
	repeated int
	text     []byte
}

// read goes through the table that was just opened.
func (r *odsRows) read() error {
	for depth := r.s.depth(); ; {
		t, err := r.s.next()
		if err != nil {
			return cut(err)
		}
		if t == tokenEnd && r.s.depth() < depth {
			return nil
		}
		if t != tokenStart {
			continue
		}
		switch {
		case r.s.is("table-row"):
			err = r.readRow()
		case r.s.is("shapes"), r.s.is("forms"), r.s.is("named-expressions"):
			err = r.s.skip()
		}
		if err != nil {
			return err
		}
	}
}

// times returns an attribute that counts; 1 if it is missing.
func (r *odsRows) times(name string) (int, error) {
	a := r.s.attr(name)
	if a == nil {
		return 1, nil
	}
	n := atoi(a)
	if n < 0 {
		return 0, bad("its sheet %.40q has the count %.20q", r.sheet, a)
	}
	return max(n, 1), nil
}

func (r *odsRows) readRow() error {
	times, err := r.times("number-rows-repeated")
	if err != nil {
		return err
	}
	first := r.row.Number + 1
	v := string(r.s.attr("visibility"))
	r.row = Row{Number: first, Hidden: v == "collapse" || v == "filter", Cells: r.row.Cells[:0]}
	column := 0
	for depth := r.s.depth(); ; {
		t, err := r.s.next()
		if err != nil {
			return cut(err)
		}
		if t == tokenEnd && r.s.depth() < depth {
			break
		}
		if t != tokenStart {
			continue
		}
		if r.s.is("table-cell") || r.s.is("covered-table-cell") {
			column, err = r.readCell(column)
		} else {
			err = r.s.skip()
		}
		if err != nil {
			return err
		}
	}
	// Rows behind the last one that holds something may be as many as they like.
	r.row.Number = min(first+times-1, MaxRows+1)
	if len(r.row.Cells) == 0 {
		return nil
	}
	if first+times-1 > MaxRows {
		return bad("its sheet %.40q has more than %d rows", r.sheet, MaxRows)
	}
	if err := r.repeat(len(r.row.Cells), times); err != nil || r.do == nil {
		return err
	}
	for i := range times {
		r.row.Number = first + i
		if err := r.do(&r.row); err != nil {
			return err
		}
	}
	return nil
}

// repeat counts cells that are there by repetition.
func (r *odsRows) repeat(cells, times int) error {
	if r.repeated += cells * (times - 1); r.repeated > r.limits.Repeated {
		return tooLarge("its sheet %.40q repeats cells more than %d times", r.sheet, r.limits.Repeated)
	}
	return nil
}

// readCell reads the cell just opened and returns its last column.
func (r *odsRows) readCell(last int) (int, error) {
	s := r.s
	times, err := r.times("number-columns-repeated")
	if err != nil {
		return 0, err
	}
	if err := r.merge(last + 1); err != nil {
		return 0, err
	}
	kind := string(s.attr("value-type"))
	// LibreOffice marks errors in a namespace of its own.
	failed := false
	for _, a := range s.attrs {
		failed = failed || string(a.name) == "value-type" && string(a.value) == "error"
	}
	var raw string
	switch kind {
	case "float", "percentage", "currency":
		raw = string(s.attr("value"))
	case "boolean":
		raw = string(s.attr("boolean-value"))
	case "date":
		raw = string(s.attr("date-value"))
	case "time":
		raw = string(s.attr("time-value"))
	}
	given := s.attr("string-value")
	hasGiven := given != nil && !failed
	if failed {
		given = nil
	}
	r.text = append(r.text[:0], given...)
	c := Cell{Formula: s.attr("formula") != nil, Dated: NoDate}
	text, err := r.cellText(hasGiven)
	if err != nil {
		return 0, err
	}
	c.Value = odsValue(kind, raw, text, failed)
	if c.Value == "" {
		c.Value = nil
	}
	if c.Value == nil && !c.Formula {
		return min(last+times, MaxColumns+1), nil
	}
	if last+times > MaxColumns {
		return 0, bad("a row of its sheet %.40q has more than %d cells", r.sheet, MaxColumns)
	}
	if err := r.repeat(1, times); err != nil {
		return 0, err
	}
	for i := range times {
		c.Column = last + 1 + i
		r.row.Cells = append(r.row.Cells, c)
	}
	return last + times, nil
}

func (r *odsRows) merge(column int) error {
	if r.merges == nil {
		return nil
	}
	w, err := r.times("number-columns-spanned")
	if err != nil {
		return err
	}
	h, err := r.times("number-rows-spanned")
	if err != nil || w == 1 && h == 1 {
		return err
	}
	if len(r.merges) >= maxMerges {
		return tooLarge("the sheet %.40q has more than %d merged ranges", r.sheet, maxMerges)
	}
	if column <= MaxColumns && r.row.Number <= MaxRows {
		r.merges = append(r.merges, Range{r.row.Number, column, min(r.row.Number+h-1, MaxRows), min(column+w-1, MaxColumns)})
	}
	return nil
}

func odsValue(kind, raw, text string, failed bool) any {
	if failed {
		return Error(text)
	}
	switch kind {
	case "float", "percentage", "currency":
		if v, ok := Number(raw); ok {
			return v
		}
	case "boolean":
		return raw == "true"
	case "date":
		if d, ok := isoDate(raw); ok {
			return d
		}
	case "time":
		if n, ok := isoDuration(raw); ok {
			if n >= 0 && n < 24*time.Hour {
				return Date{Kind: Clock, Length: n}
			}
			return Date{Kind: Duration, Length: n}
		}
	case "", "void":
		if text == "" {
			return nil
		}
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// isoDuration reads PT30H05M00.5S.
func isoDuration(s string) (time.Duration, bool) {
	minus := strings.HasPrefix(s, "-")
	rest, ok := strings.CutPrefix(strings.TrimPrefix(s, "-"), "PT")
	if !ok || rest == "" {
		return 0, false
	}
	var total time.Duration
	for rest != "" {
		i := strings.IndexAny(rest, "HMS")
		if i <= 0 || i > 15 {
			return 0, false
		}
		f, err := strconv.ParseFloat(strings.Replace(rest[:i], ",", ".", 1), 64)
		if err != nil || f < 0 || f > 1e9 {
			return 0, false
		}
		unit := map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}[rest[i]]
		if total += time.Duration(f * float64(unit)); total < 0 || total > 1e6*time.Hour {
			return 0, false
		}
		rest = rest[i+1:]
	}
	if minus {
		total = -total
	}
	return total.Round(time.Millisecond), true
}

// cellText returns the text of the cell just opened and goes to its end.
// Paragraphs are lines; notes and drawings are left out.
func (r *odsRows) cellText(given bool) (string, error) {
	lines := 0
	for depth := r.s.depth(); ; {
		t, err := r.s.next()
		if err != nil {
			return "", cut(err)
		}
		if t == tokenEnd && r.s.depth() < depth {
			return string(r.text), nil
		}
		if t != tokenStart {
			continue
		}
		if given || !r.s.is("p") {
			if err := r.s.skip(); err != nil {
				return "", err
			}
			continue
		}
		if lines++; lines > 1 {
			r.text = append(r.text, '\n')
		}
		if err := r.paragraph(); err != nil {
			return "", err
		}
	}
}

func (r *odsRows) paragraph() error {
	from := len(r.text)
	for depth := r.s.depth(); ; {
		t, err := r.s.next()
		if err != nil {
			return cut(err)
		}
		switch t {
		case tokenEnd:
			if r.s.depth() < depth {
				return nil
			}
		case tokenStart:
			switch {
			case r.s.is("s"):
				n, err := r.times("c")
				if err != nil {
					return err
				}
				r.text = append(r.text, strings.Repeat(" ", min(n, 1<<15))...)
			case r.s.is("tab"):
				r.text = append(r.text, '\t')
			case r.s.is("line-break"):
				r.text = append(r.text, '\n')
			case r.s.is("annotation"), r.s.is("note"), r.s.is("ruby-text"):
				if err := r.s.skip(); err != nil {
					return err
				}
			}
		case tokenText:
			if len(r.text) > maxToken {
				return tooLarge("it has a text of more than %d MiB", maxToken>>20)
			}
			r.text = appendSpaced(r.text, from, r.s.text)
		}
	}
}

// appendSpaced appends text of a paragraph. White space with a line end in it
// comes from the layout of the XML and counts once; spaces alone count all, for
// LibreOffice both writes and reads them so, whatever the format says.
func appendSpaced(dst []byte, from int, text []byte) []byte {
	for i := 0; i < len(text); {
		if !isSpace(text[i]) {
			dst = append(dst, text[i])
			i++
			continue
		}
		to, layout := i, false
		for to < len(text) && isSpace(text[to]) {
			layout = layout || text[to] == '\n' || text[to] == '\r'
			to++
		}
		switch {
		case !layout:
			for _, c := range text[i:to] {
				if c == '\t' {
					c = ' '
				}
				dst = append(dst, c)
			}
		case len(dst) > from:
			dst = append(dst, ' ')
		}
		i = to
	}
	return dst
}
