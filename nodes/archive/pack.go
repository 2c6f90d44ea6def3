package archive

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

// choice says what goes into an archive, as params have it.
type choice struct {
	Paths         []string `json:"paths" is:"required" doc:"Files and folders to pack."`
	To            string   `json:"to" is:"required" widget:"file" doc:"Archive to write."`
	Pattern       []string `json:"pattern" doc:"Patterns of the files to take from folders, such as *.pdf; with a slash they are compared with the path below the folder. None means all."`
	Exclude       []string `json:"exclude" doc:"Patterns of files and folders to leave out."`
	Flat          bool     `json:"flat" doc:"Pack what is in a folder without the folder's own name."`
	Level         int      `json:"level" default:"6" min:"0" max:"9" doc:"How hard to pack: 0 stores, 9 takes longest."`
	Deterministic bool     `json:"deterministic" is:"advanced" doc:"Leave times and rights out, so that the same files always give the same archive."`
}

type packOut struct {
	Path  string `json:"path" doc:"Absolute path of the archive."`
	Size  int    `json:"size" doc:"Size of the archive in bytes."`
	Files int    `json:"files" doc:"How many files are in it."`
}

// packed is the check of an example.
func packed(name string, files int) func(packOut) error {
	return func(o packOut) error {
		if filepath.Base(o.Path) != name || o.Files != files || o.Size <= 0 {
			return fmt.Errorf("got %+v", o)
		}
		return nil
	}
}

// patterns compare names like *.pdf and paths like 2026/**/*.xml, upper and
// lower case alike.
type patterns []string

func (ps patterns) check() error {
	for _, p := range ps {
		if p == "" || !doublestar.ValidatePattern(p) {
			return input("write patterns like *.pdf, report-??.csv, [a-c]*.txt, {a,b}.txt or 2026/**/*.xml", "%q is not a valid pattern", p)
		}
	}
	return nil
}

func (ps patterns) match(rel string) bool {
	rel = strings.ToLower(rel)
	for _, p := range ps {
		p = strings.ToLower(p)
		subject := path.Base(rel)
		if strings.Contains(p, "/") {
			subject, p = rel, strings.TrimPrefix(p, "./")
		}
		if doublestar.MatchUnvalidated(p, subject) {
			return true
		}
	}
	return false
}

// member is a file or folder to pack: its name in the archive and its path.
type member struct {
	name, path string
	info       fs.FileInfo
}

// members lists what to pack in order of names; the same name twice is an
// error. The archive itself is left out.
func (in choice) members(ctx context.Context, env *node.Env) ([]member, error) {
	if len(in.Paths) == 0 {
		return nil, input("name at least one file or folder", "there is nothing to pack")
	}
	if err := (patterns(slices.Concat(in.Pattern, in.Exclude))).check(); err != nil {
		return nil, err
	}
	var all []member
	for _, p := range in.Paths {
		info, err := env.Files.Stat(p)
		if err != nil {
			return nil, tell(err, "packing "+p)
		}
		if !info.IsDir() {
			abs := absolute(env, p)
			all = append(all, member{filepath.Base(abs), abs, info})
			continue
		}
		if all, err = in.folder(ctx, env, p, all); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(all); i++ {
		if all[i].name == all[i-1].name && !all[i].info.IsDir() {
			return nil, input("rename one, or pack them in two archives", "%s and %s would have the same name in the archive", all[i-1].path, all[i].path)
		}
	}
	return slices.CompactFunc(all, func(a, b member) bool { return a.name == b.name }), nil
}

// folder adds what is in a folder.
func (in choice) folder(ctx context.Context, env *node.Env, folder string, all []member) ([]member, error) {
	fsys, closer, err := env.Files.FS(folder)
	if err != nil {
		return nil, tell(err, "opening the folder "+folder)
	}
	defer closer.Close()
	abs, self := absolute(env, folder), absolute(env, in.To)
	err = fs.WalkDir(fsys, ".", func(rel string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		full := filepath.Join(abs, filepath.FromSlash(rel))
		if err != nil {
			return tell(err, "reading the folder "+full)
		}
		if rel != "." && (workspace.IsTemp(d.Name()) || patterns(in.Exclude).match(rel)) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if full == self {
			return nil
		}
		info, err := env.Files.Stat(full)
		if err != nil || info.IsDir() && !d.IsDir() || !info.IsDir() && !info.Mode().IsRegular() {
			return nil // a link that leads nowhere or to a folder, or a device
		}
		if len(in.Pattern) > 0 && (info.IsDir() || !patterns(in.Pattern).match(rel)) {
			return nil
		}
		name := path.Join(filepath.Base(abs), rel)
		if in.Flat {
			name = rel
		}
		if name != "." {
			all = append(all, member{name, full, info})
		}
		return nil
	})
	return all, err
}
