package remote

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Value returns the entry as a row; relative is its path below the folder
// listed, "" when none was.
func (e Entry) Value(relative string) map[string]any {
	v := map[string]any{
		"name": e.Name, "path": e.Path, "kind": e.Kind, "is_folder": e.IsFolder(), "size": nil,
		"modified": stamp(e.Modified), "permissions": nil, "target": nil,
	}
	if relative != "" {
		v["relative"] = relative
	}
	if e.Size >= 0 {
		v["size"] = int(e.Size)
	}
	if e.Kind != File {
		v["size"] = 0
	}
	if e.Mode != nil {
		v["permissions"] = ModeText(*e.Mode)
	}
	if e.Target != "" {
		v["target"] = e.Target
	}
	return v
}

// RowDoc describes the rows that Value makes.
const RowDoc = "name, path (absolute), relative (to the folder listed), kind (file, folder, link or other), is_folder, size (bytes), modified (time in UTC, or nothing), permissions (such as 0644, or nothing) and target (of a link, or nothing)"

// ModeText writes permission bits in octal, such as 0644.
func ModeText(m fs.FileMode) string {
	bits := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		bits |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		bits |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		bits |= 0o1000
	}
	return fmt.Sprintf("%04o", bits)
}

// ParseMode reads permission bits in octal, such as 644 or 0755, or as ls
// shows them, such as rw-r--r--.
func ParseMode(s string) (fs.FileMode, error) {
	s = strings.TrimSpace(s)
	if len(s) == 9 {
		m := fs.FileMode(0)
		for i, c := range s {
			switch {
			case c == rune("rwxrwxrwx"[i]):
				m |= 1 << (8 - i)
			case c != '-':
				return 0, badMode(s)
			}
		}
		return m, nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0o"), 8, 32)
	if err != nil || n > 0o7777 {
		return 0, badMode(s)
	}
	m := fs.FileMode(n & 0o777)
	for bit, flag := range map[uint64]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if n&bit != 0 {
			m |= flag
		}
	}
	return m, nil
}

func badMode(s string) error {
	return input("write them like 0644 or rw-r--r--", "%.50q are no permissions", s)
}

// Filter says which entries of a folder are meant.
type Filter struct {
	Pattern       []string `json:"pattern" doc:"Patterns of names, such as *.pdf or {a,b}*.csv; an entry must match one. A pattern with a slash is compared with the path below the folder, where ** stands for any folders: 2026/**/*.xml. None means everything."`
	Exclude       []string `json:"exclude" doc:"Patterns of entries to leave out. A folder left out is not looked into."`
	CaseSensitive bool     `json:"case_sensitive" is:"advanced" doc:"Tell upper from lower case in patterns."`
	Hidden        bool     `json:"hidden" default:"true" doc:"Include names that begin with a dot."`
}

// Check tests the patterns.
func (f Filter) Check() error {
	for _, p := range append(append([]string(nil), f.Pattern...), f.Exclude...) {
		if p == "" || !doublestar.ValidatePattern(p) {
			return input("write patterns like *.pdf, report-??.csv, [a-c]*.txt, {a,b}.txt or 2026/**/*.xml", "%q is not a valid pattern", p)
		}
	}
	return nil
}

// leavesOut reports whether an entry, and all in it, does not count.
func (f Filter) leavesOut(rel string) bool {
	return !f.Hidden && strings.HasPrefix(path.Base(rel), ".") || f.matches(f.Exclude, rel)
}

// wants reports whether an entry that is not left out is asked for.
func (f Filter) wants(rel string) bool { return len(f.Pattern) == 0 || f.matches(f.Pattern, rel) }

// deep reports whether a pattern asks to look into folders.
func (f Filter) deep() bool {
	for _, p := range f.Pattern {
		if strings.Contains(strings.TrimPrefix(p, "./"), "/") {
			return true
		}
	}
	return false
}

func (f Filter) matches(patterns []string, rel string) bool {
	name := path.Base(rel)
	if !f.CaseSensitive {
		rel, name = strings.ToLower(rel), strings.ToLower(name)
	}
	for _, p := range patterns {
		if !f.CaseSensitive {
			p = strings.ToLower(p)
		}
		p = strings.TrimPrefix(p, "./")
		subject := name
		if strings.Contains(p, "/") {
			subject = rel
		}
		if doublestar.MatchUnvalidated(p, subject) {
			return true
		}
	}
	return false
}
