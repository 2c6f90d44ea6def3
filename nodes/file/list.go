package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[listIn, listOut]{
		Type:   "file.list",
		Title:  "List files",
		Doc:    "Lists the files or folders in a folder, with their sizes and times. The order is always the same: by path, unless sort says otherwise. Names that begin with a dot are left out unless hidden is set. Sorting by anything but path holds all entries in memory; listing by path does not.",
		Effect: node.Read,
		Examples: []node.Example[listIn, listOut]{{
			Title: "Find all PDFs, also in folders below",
			Files: map[string]string{"in/a.pdf": "1", "in/b.txt": "2", "in/sub/C.PDF": "333"},
			In:    listIn{Folder: "in", filter: filter{Pattern: []string{"*.pdf"}, Recursive: true}},
			Check: listed("a.pdf", "sub/C.PDF"),
		}, {
			Title: "List the two largest files",
			Files: map[string]string{"a": "1", "b": "22", "c": "333", "dir/d": "4444"},
			In:    listIn{Folder: ".", Sort: "size", Descending: true, Limit: 2},
			Check: listed("c", "b"),
		}},
		Check: func(in listIn) error { return in.check() },
		Run:   list,
	})
	node.Register(node.Spec[newestIn, newestOut]{
		Type:   "file.find_newest",
		Title:  "Find newest file",
		Doc:    "Finds the file that was changed last, or first, among those that match. Of several changed at the same moment it takes the one whose path comes last.",
		Effect: node.Read,
		Examples: []node.Example[newestIn, newestOut]{{
			Title: "Take the newest report",
			Files: map[string]string{"reports/a.csv": "x"},
			In:    newestIn{Folder: "reports", filter: filter{Pattern: []string{"*.csv"}}},
			Check: func(o newestOut) error {
				if !o.Found || o.File["name"] != "a.csv" {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}, {
			Title: "Nothing matches",
			In:    newestIn{Folder: ".", filter: filter{Pattern: []string{"*.csv"}}},
			Out:   newestOut{},
		}},
		Check: func(in newestIn) error { return in.check() },
		Run:   findNewest,
	})
}

func listed(rels ...string) func(listOut) error {
	return func(o listOut) error {
		var got []string
		for item, err := range o.Items.All(context.Background()) {
			if err != nil {
				return err
			}
			got = append(got, item.(map[string]any)["relative"].(string))
		}
		if !slices.Equal(got, rels) || o.Count != len(rels) {
			return fmt.Errorf("got %v (%d), want %v", got, o.Count, rels)
		}
		return nil
	}
}

// filter says which entries of a folder are meant.
type filter struct {
	Pattern        []string       `json:"pattern" doc:"Patterns of names, such as *.pdf or {a,b}*.csv; an entry must match one. A pattern with a slash is compared with the path below the folder, where ** stands for any folders: 2026/**/*.xml. None means everything."`
	Exclude        []string       `json:"exclude" doc:"Patterns of entries to leave out. A folder left out is not looked into."`
	Recursive      bool           `json:"recursive" doc:"Look into the folders below too. A pattern with a slash does so by itself. Links to folders are not followed."`
	Depth          int            `json:"depth" min:"0" is:"advanced" doc:"How deep to look when recursive: 1 is the folder itself, 0 has no limit."`
	CaseSensitive  bool           `json:"case_sensitive" is:"advanced" doc:"Tell upper from lower case in patterns."`
	Hidden         bool           `json:"hidden" doc:"Include names that begin with a dot."`
	MinSize        *int           `json:"min_size" min:"0" group:"Filters" doc:"Least size of a file in bytes."`
	MaxSize        *int           `json:"max_size" min:"0" group:"Filters" doc:"Greatest size of a file in bytes."`
	NewerThan      *time.Duration `json:"newer_than" group:"Filters" doc:"Only what was changed within this time, for instance 2d."`
	OlderThan      *time.Duration `json:"older_than" group:"Filters" doc:"Only what was last changed longer ago than this, for instance 30d."`
	ModifiedAfter  string         `json:"modified_after" group:"Filters" doc:"Only what was changed at or after this time, as 2026-01-31 (UTC) or 2026-01-31T08:00:00+01:00."`
	ModifiedBefore string         `json:"modified_before" group:"Filters" doc:"Only what was changed before this time."`
	SkipUnreadable bool           `json:"skip_unreadable" is:"advanced" doc:"Leave folders that may not be read out rather than fail."`
}

func (f filter) check() error {
	for _, p := range slices.Concat(f.Pattern, f.Exclude) {
		if p == "" || !doublestar.ValidatePattern(p) {
			return input("write patterns like *.pdf, report-??.csv, [a-c]*.txt, {a,b}.txt or 2026/**/*.xml", "%q is not a valid pattern", p)
		}
	}
	for _, t := range []string{f.ModifiedAfter, f.ModifiedBefore} {
		if t == "" || strings.Contains(t, "{{") {
			continue
		}
		if _, err := parseTime(t); err != nil {
			return err
		}
	}
	return nil
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02", "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, input("write a time like 2026-01-31 or 2026-01-31T08:00:00+01:00", "%q is not a time", s)
}

// match compares patterns with an entry: those with a slash with its path, the
// others with its name.
func (f filter) match(patterns []string, rel string) bool {
	name := path.Base(rel)
	if !f.CaseSensitive {
		rel, name = strings.ToLower(rel), strings.ToLower(name)
	}
	for _, p := range patterns {
		if !f.CaseSensitive {
			p = strings.ToLower(p)
		}
		subject := name
		if strings.Contains(p, "/") {
			subject, p = rel, strings.TrimPrefix(p, "./")
		}
		if doublestar.MatchUnvalidated(p, subject) {
			return true
		}
	}
	return false
}

// find calls fn for each entry that passes, in order of paths. Kind is file,
// folder or any.
func (f filter) find(ctx context.Context, env *node.Env, folder, kind string, fn func(entry) error) error {
	if err := f.check(); err != nil {
		return err
	}
	from, to, err := f.span(env.Now())
	if err != nil {
		return err
	}
	abs, err := env.Files.Abs(folder)
	if err != nil {
		return err
	}
	fsys, closer, err := env.Files.FS(folder)
	if err != nil {
		return tell(err, "listing "+folder, folder)
	}
	defer closer.Close()
	if info, err := fs.Stat(fsys, "."); err != nil || !info.IsDir() {
		return input("give the path of a folder", "%s is not a folder", folder)
	}
	deep := f.Recursive || slices.ContainsFunc(f.Pattern, func(p string) bool { return strings.Contains(p, "/") })
	return fs.WalkDir(fsys, ".", func(rel string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			if f.SkipUnreadable && errors.Is(err, fs.ErrPermission) {
				return nil
			}
			return tell(err, "listing "+filepath.Join(folder, filepath.FromSlash(rel)), folder)
		}
		if rel == "." {
			return nil
		}
		var after error
		if d.IsDir() && (!deep || f.Depth > 0 && strings.Count(rel, "/")+1 >= f.Depth) {
			after = fs.SkipDir
		}
		if leftOut(d.Name()) || hidden(d.Name()) && !f.Hidden || f.match(f.Exclude, rel) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if len(f.Pattern) > 0 && !f.match(f.Pattern, rel) {
			return after
		}
		e, err := entryOf(env, abs, rel, d)
		if errors.Is(err, fs.ErrNotExist) {
			return after // it went away in the meantime
		}
		if err != nil {
			return tell(err, "listing "+rel, rel)
		}
		if (kind != "any" && e.kind != kind) || !f.sized(e) || e.modified.Before(from) || !to.IsZero() && !e.modified.Before(to) {
			return after
		}
		if err := fn(e); err != nil {
			return err
		}
		return after
	})
}

func (f filter) sized(e entry) bool {
	if e.kind != "file" {
		return f.MinSize == nil && f.MaxSize == nil
	}
	return (f.MinSize == nil || e.size >= int64(*f.MinSize)) && (f.MaxSize == nil || e.size <= int64(*f.MaxSize))
}

// span returns the times between which an entry must have been changed.
func (f filter) span(now time.Time) (from, to time.Time, err error) {
	if f.ModifiedAfter != "" {
		if from, err = parseTime(f.ModifiedAfter); err != nil {
			return from, to, err
		}
	}
	if f.ModifiedBefore != "" {
		if to, err = parseTime(f.ModifiedBefore); err != nil {
			return from, to, err
		}
	}
	if f.NewerThan != nil {
		if t := now.Add(-*f.NewerThan); t.After(from) {
			from = t
		}
	}
	if f.OlderThan != nil {
		if t := now.Add(-*f.OlderThan); to.IsZero() || t.Before(to) {
			to = t
		}
	}
	return from, to, nil
}

type listIn struct {
	Folder string `json:"folder" default:"." widget:"folder" doc:"Folder to list."`
	Kind   string `json:"kind" default:"file" enum:"file,folder,any" doc:"What to list."`
	filter
	Sort       string `json:"sort" default:"path" enum:"path,name,size,modified,extension" doc:"What to order by; equal entries are ordered by path."`
	Descending bool   `json:"descending" doc:"Largest, newest or last name first."`
	Limit      int    `json:"limit" min:"0" doc:"Most entries to return; 0 means all."`
}

type listOut struct {
	Items value.Rows `json:"items" doc:"The entries: path (absolute), relative (to the folder, with slashes), name, stem, extension (lower case, with its dot), kind, size (bytes) and modified (time in UTC)."`
	Count int        `json:"count" doc:"How many entries are returned."`
	Size  int        `json:"size" doc:"Sum of their sizes in bytes."`
}

// errEnough ends a walk early.
var errEnough = errors.New("enough")

func list(ctx context.Context, env *node.Env, in listIn) (listOut, error) {
	var out listOut
	var err error
	out.Items, err = env.Rows(ctx, func(yield func(any) bool) error {
		put := func(e entry) error {
			if !yield(e.value()) {
				return errEnough
			}
			out.Count++
			out.Size += int(e.size)
			if out.Count == in.Limit {
				return errEnough
			}
			return nil
		}
		err := in.entries(ctx, env, put)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return out, err
}

func (in listIn) entries(ctx context.Context, env *node.Env, put func(entry) error) error {
	if in.Sort == "path" && !in.Descending {
		return in.find(ctx, env, in.Folder, in.Kind, put)
	}
	var all []entry
	err := in.find(ctx, env, in.Folder, in.Kind, func(e entry) error {
		all = append(all, e)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		if in.Descending {
			a, b = b, a
		}
		return cmp.Or(compareBy(in.Sort, a, b), strings.Compare(a.rel, b.rel))
	})
	for _, e := range all {
		if err := put(e); err != nil {
			return err
		}
	}
	return nil
}

func compareBy(key string, a, b entry) int {
	switch key {
	case "name":
		return strings.Compare(strings.ToLower(a.name()), strings.ToLower(b.name()))
	case "size":
		return cmp.Compare(a.size, b.size)
	case "modified":
		return a.modified.Compare(b.modified)
	case "extension":
		_, x := splitName(a.name())
		_, y := splitName(b.name())
		return strings.Compare(strings.ToLower(x), strings.ToLower(y))
	}
	return 0
}

type newestIn struct {
	Folder string `json:"folder" default:"." widget:"folder" doc:"Folder to look in."`
	Oldest bool   `json:"oldest" doc:"Find the file that was changed first instead."`
	filter
	MustExist bool `json:"must_exist" doc:"Fail if no file matches."`
}

type newestOut struct {
	Found bool           `json:"found" doc:"Whether there is one."`
	Path  string         `json:"path" doc:"Its absolute path, empty if there is none."`
	File  map[string]any `json:"file" doc:"The file as file.list describes it, or nothing."`
}

func findNewest(ctx context.Context, env *node.Env, in newestIn) (newestOut, error) {
	var best *entry
	err := in.find(ctx, env, in.Folder, "file", func(e entry) error {
		if best == nil || (in.Oldest && e.modified.Before(best.modified)) || (!in.Oldest && !e.modified.Before(best.modified)) {
			best = &e
		}
		return nil
	})
	switch {
	case err != nil:
		return newestOut{}, err
	case best == nil && in.MustExist:
		return newestOut{}, node.Fail(node.KindNotFound, "no file in "+in.Folder+" matches", "check the folder, the pattern and the filters")
	case best == nil:
		return newestOut{}, nil
	}
	return newestOut{Found: true, Path: best.path, File: best.value()}, nil
}
