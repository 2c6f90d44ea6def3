package ftp

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/nodes/ftp/remote"
)

// parser reads the lines of a listing.
type parser struct {
	now  time.Time
	zone *time.Location
	mlsd bool
}

// line reads one line. Lines that name nothing, such as totals, give an entry
// without a name; false is for those that cannot be understood.
func (p parser) line(s string) (remote.Entry, bool) {
	if p.mlsd {
		if e, ok := p.facts(s); ok {
			return e, true
		}
	}
	if strings.HasPrefix(s, "total ") {
		return remote.Entry{}, true
	}
	if m := unixRE.FindStringSubmatch(s); m != nil {
		return p.unix(m), true
	}
	if m := dosRE.FindStringSubmatch(s); m != nil {
		return p.dos(m)
	}
	return remote.Entry{}, false
}

// facts reads a line of MLSD as RFC 3659 has it: facts, a space and the name.
func (p parser) facts(s string) (remote.Entry, bool) {
	list, name, ok := strings.Cut(s, " ")
	if !ok || !strings.Contains(list, "=") {
		return remote.Entry{}, false
	}
	e := remote.Entry{Name: name, Kind: remote.Other, Size: -1}
	for fact := range strings.SplitSeq(list, ";") {
		key, v, _ := strings.Cut(fact, "=")
		switch strings.ToLower(key) {
		case "type":
			kind, target, _ := strings.Cut(v, ":")
			switch kind = strings.ToLower(kind); {
			case kind == "cdir" || kind == "pdir":
				return remote.Entry{}, true
			case kind == "dir":
				e.Kind = remote.Folder
			case kind == "file":
				e.Kind = remote.File
			case strings.HasPrefix(kind, "os.unix=slink") || kind == "os.unix=symlink":
				e.Kind, e.Target = remote.Link, target
			}
		case "size":
			if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
				e.Size = n
			}
		case "modify":
			if t, err := time.ParseInLocation("20060102150405", v, time.UTC); err == nil {
				e.Modified, e.Exact = t, true
			}
		case "unix.mode":
			if n, err := strconv.ParseUint(v, 8, 32); err == nil {
				mode := fs.FileMode(n & 0o777)
				e.Mode = &mode
			}
		}
	}
	return e, true
}

// unixRE reads a line of ls -l: kind and rights, links, owner and group (which
// may hold spaces), size or device numbers, date and name.
var unixRE = regexp.MustCompile(`^([-dlbcpsDP])([-rwxsStTlL]{9})[.+@]?\s+\d+\s+(?:\S.*?\s)??(\d+|\d+,\s*\d+)\s+` +
	`(?:([^\s\d]\S{1,9}|\d{1,2}\.?)\s+(\d{1,2}\.?|[^\s\d]\S{1,9})\s+(\d{4}|\d{1,2}:\d{2})|(\d{4}-\d{2}-\d{2})\s+(\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:\s[+-]\d{4})?)\s(.+)$`)

func (p parser) unix(m []string) remote.Entry {
	e := remote.Entry{Name: m[9], Kind: remote.Other, Size: -1}
	switch m[1] {
	case "-":
		e.Kind = remote.File
		if n, err := strconv.ParseInt(m[3], 10, 64); err == nil {
			e.Size = n
		}
	case "d":
		e.Kind = remote.Folder
	case "l":
		e.Kind = remote.Link
		e.Name, e.Target, _ = strings.Cut(e.Name, " -> ")
	}
	if mode, err := remote.ParseMode(strings.Map(plainRight, m[2])); err == nil {
		e.Mode = &mode
	}
	if m[7] != "" {
		e.Modified, _ = time.ParseInLocation("2006-01-02 15:04", m[7]+" "+m[8], p.zone)
		return e
	}
	e.Modified = p.date(m[4], m[5], m[6])
	return e
}

// plainRight reduces the rights that ls shows to those that every file has.
func plainRight(r rune) rune {
	switch r {
	case 's', 't':
		return 'x'
	case 'S', 'T', 'l', 'L':
		return '-'
	}
	return r
}

// months are the English names and what other languages begin with, where that
// is not ambiguous.
var months = map[string]time.Month{
	"jan": 1, "feb": 2, "fév": 2, "mar": 3, "mär": 3, "apr": 4, "avr": 4, "abr": 4, "may": 5, "mai": 5, "mag": 5, "jun": 6, "giu": 6,
	"jul": 7, "lug": 7, "aug": 8, "aoû": 8, "ago": 8, "sep": 9, "set": 9, "oct": 10, "okt": 10, "ott": 10, "out": 10, "nov": 11, "dec": 12, "dez": 12, "déc": 12, "dic": 12,
}

// date reads the date of ls: month and day in either order, and a year or, for
// the last months, a time. What cannot be read is no time at all.
func (p parser) date(a, b, yearOrTime string) time.Time {
	month, day := months[prefix(a)], b
	if month == 0 {
		month, day = months[prefix(b)], a
	}
	d, err := strconv.Atoi(strings.TrimSuffix(day, "."))
	if month == 0 || err != nil || d < 1 || d > 31 {
		return time.Time{}
	}
	hour, minute, recent := strings.Cut(yearOrTime, ":")
	if !recent {
		y, _ := strconv.Atoi(yearOrTime)
		return time.Date(y, month, d, 0, 0, 0, 0, p.zone)
	}
	h, _ := strconv.Atoi(hour)
	n, _ := strconv.Atoi(minute)
	now := p.now.In(p.zone)
	t := time.Date(now.Year(), month, d, h, n, 0, 0, p.zone)
	// It lies in the past, but for clocks that differ.
	if t.After(now.AddDate(0, 0, 2)) {
		t = time.Date(now.Year()-1, month, d, h, n, 0, 0, p.zone)
	}
	return t
}

func prefix(s string) string {
	r := []rune(strings.ToLower(s))
	return string(r[:min(3, len(r))])
}

// dosRE reads a line as Windows servers write it.
var dosRE = regexp.MustCompile(`^(\d{2}-\d{2}-\d{2}(?:\d{2})?|\d{4}-\d{2}-\d{2})\s+(\d{2}:\d{2}(?:[AP]M)?)\s+(?:(<DIR>|<JUNCTION>|<SYMLINKD?>)|(\d[\d,.]*))\s+(.+)$`)

func (p parser) dos(m []string) (remote.Entry, bool) {
	e := remote.Entry{Name: m[5], Kind: remote.File, Size: -1}
	switch {
	case m[3] == "<DIR>":
		e.Kind = remote.Folder
	case m[3] != "":
		e.Kind = remote.Link
		if name, target, ok := strings.Cut(e.Name, " ["); ok {
			e.Name, e.Target = name, strings.TrimSuffix(target, "]")
		}
	default:
		n, err := strconv.ParseInt(strings.NewReplacer(",", "", ".", "").Replace(m[4]), 10, 64)
		if err != nil {
			return remote.Entry{}, false
		}
		e.Size = n
	}
	day := map[int]string{8: "01-02-06", 10: "01-02-2006"}[len(m[1])]
	if m[1][4] == '-' {
		day = "2006-01-02"
	}
	clock := "15:04"
	if len(m[2]) > 5 {
		clock = "03:04PM"
	}
	e.Modified, _ = time.ParseInLocation(day+" "+clock, m[1]+" "+m[2], p.zone)
	return e, true
}
