package remote

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// List are the params of listing a folder.
type List struct {
	Path      string `json:"path" default:"." doc:"Folder on the server. Relative paths begin in the folder that the server starts in."`
	Recursive bool   `json:"recursive" doc:"Look into the folders below too. A pattern with a slash does so by itself. Links are not followed."`
	Depth     int    `json:"depth" min:"0" is:"advanced" doc:"How deep to look when recursive: 1 is the folder itself, 0 has no limit."`
	Kind      string `json:"kind" default:"any" enum:"any,file,folder" doc:"What to list. Links count as neither file nor folder."`
	Filter
	NewerThan  *time.Duration `json:"newer_than" group:"Filters" doc:"Only what was changed within this time, for instance 2d. What has no time is left out."`
	OlderThan  *time.Duration `json:"older_than" group:"Filters" doc:"Only what was last changed longer ago than this, for instance 30d."`
	Limit      int            `json:"limit" min:"0" doc:"Most entries to return; 0 means all."`
	MaxEntries int            `json:"max_entries" default:"1000000" min:"1" is:"advanced" doc:"Fail when the server lists more entries than this."`
}

// Listed are the outputs of listing a folder.
type Listed struct {
	Items      value.Rows `json:"items" doc:"The entries: name, path (absolute), relative (to the folder listed), kind (file, folder, link or other), is_folder, size (bytes), modified (time in UTC, or nothing), permissions (such as 0644, or nothing) and target (of a link, or nothing)."`
	Count      int        `json:"count" doc:"How many entries are returned."`
	Size       int        `json:"size" doc:"Sum of the sizes of the files in bytes."`
	Unreadable int        `json:"unreadable" doc:"How many lines of the server's listings could not be understood, or had names that are no names."`
}

// ListDoc describes the verb.
const ListDoc = "The order is always the same: by name, a folder before what is in it."

// errEnough ends a walk early.
var errEnough = errors.New("enough")

// Do lists.
func (l List) Do(ctx context.Context, env *node.Env, open Opener) (Listed, error) {
	if err := l.Check(); err != nil {
		return Listed{}, err
	}
	return Use(ctx, open, func(s Server) (out Listed, err error) {
		root := s.Abs(l.Path)
		e, err := s.Stat(root)
		if err != nil && !Unsupported(err) {
			return out, err
		}
		if err == nil && !e.IsFolder() {
			return out, input("give the path of a folder", "%s is not a folder", root)
		}
		now := env.Now()
		out.Items, err = env.Rows(ctx, func(yield func(any) bool) error {
			w := &walk{ctx: ctx, s: s, filter: l.Filter, most: l.MaxEntries, lenient: true}
			if !l.Recursive && !l.deep() {
				w.depth = 1
			} else {
				w.depth = l.Depth
			}
			err := w.folder(root, "", func(e Entry, rel string) error {
				if !l.takes(e, now) {
					return nil
				}
				if !yield(e.Value(rel)) {
					return errEnough
				}
				out.Count++
				if e.Kind == File && e.Size > 0 {
					out.Size += int(e.Size)
				}
				if out.Count == l.Limit {
					return errEnough
				}
				return nil
			})
			out.Unreadable = w.unreadable
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		})
		return out, err
	})
}

func (l List) takes(e Entry, now time.Time) bool {
	switch {
	case l.Kind == File && e.Kind != File, l.Kind == Folder && e.Kind != Folder:
		return false
	case l.NewerThan != nil && (e.Modified.IsZero() || e.Modified.Before(now.Add(-*l.NewerThan))):
		return false
	case l.OlderThan != nil && (e.Modified.IsZero() || !e.Modified.Before(now.Add(-*l.OlderThan))):
		return false
	}
	return true
}

// deepest is where a walk ends in any case: a server may make up folders
// without end.
const deepest = 100

// walk goes through a folder on the server.
type walk struct {
	ctx        context.Context
	s          Server
	filter     Filter
	depth      int  // 1 is the folder itself, 0 has no limit
	most       int  // entries
	lenient    bool // unreadable lines and hostile names are counted, not an error
	unreadable int
	seen       int
}

// folder calls fn for each entry that passes the filter, in order of names, a
// folder before what is in it.
func (w *walk) folder(dir, rel string, fn func(e Entry, rel string) error) error {
	entries, err := w.entries(dir)
	if err != nil {
		return err
	}
	level := 1
	if rel != "" {
		level = strings.Count(rel, "/") + 2
	}
	for _, e := range entries {
		at := path.Join(rel, e.Name)
		if w.filter.leavesOut(at) {
			continue
		}
		if w.filter.wants(at) {
			if err := fn(e, at); err != nil {
				return err
			}
		}
		if !e.IsFolder() || w.depth > 0 && level >= w.depth {
			continue
		}
		if level >= deepest {
			return Fail(node.KindError, "set depth, or list a folder further down", "%s lies more than %d folders deep", e.Path, deepest)
		}
		if err := w.folder(e.Path, at, fn); err != nil {
			return err
		}
	}
	return nil
}

// entries returns what is in one folder, sorted, with names that are safe.
func (w *walk) entries(dir string) ([]Entry, error) {
	var list []Entry
	n, err := w.s.List(dir, func(e Entry) error {
		if len(list)%1024 == 0 {
			if err := w.ctx.Err(); err != nil {
				return err
			}
		}
		if w.seen++; w.seen > w.most {
			return Fail(node.KindError, "raise max_entries", "the server lists more than %d entries", w.most)
		}
		if err := safeName(e.Name, dir); err != nil {
			if !w.lenient {
				return err
			}
			w.unreadable++
			return nil
		}
		list = append(list, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	w.unreadable += n
	if n > 0 && !w.lenient {
		return nil, Fail(node.KindError, "list the folder to see what can be understood", "%d lines of the server's listing of %s cannot be understood", n, dir)
	}
	slices.SortFunc(list, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	unique := slices.CompactFunc(slices.Clone(list), func(a, b Entry) bool { return a.Name == b.Name })
	if len(unique) < len(list) && !w.lenient {
		return nil, Fail(node.KindError, "the server is faulty; list the folder to see what it says", "the server lists a name twice in %s", dir)
	}
	w.unreadable += len(list) - len(unique)
	list = unique
	return list, nil
}

// Tree returns all that is in a folder, a folder before what is in it. Names
// that are no names and listings that cannot be understood are errors.
func Tree(ctx context.Context, s Server, dir string, most int) ([]Entry, error) {
	var out []Entry
	w := &walk{ctx: ctx, s: s, filter: Filter{Hidden: true}, most: most}
	err := w.folder(dir, "", func(e Entry, _ string) error {
		out = append(out, e)
		return nil
	})
	return out, err
}
