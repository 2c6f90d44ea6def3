package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

// existing is the rule for a target that is there already, as params have it.
type existing struct {
	IfExists string `json:"if_exists" default:"error" enum:"error,overwrite,skip,rename" doc:"What to do when the target is there already: fail, overwrite it, leave it as it is, or take a free name like report (2).pdf."`
}

// effect of writing to the target: a second try after a crash would meet its
// own result as an error, or take one more name.
func (e existing) effect() node.Effect {
	if e.IfExists == "overwrite" || e.IfExists == "skip" {
		return node.Idempotent
	}
	return node.Once
}

// What was done at the target.
const (
	created     = "created"
	overwritten = "overwritten"
	skipped     = "skipped"
	renamed     = "renamed"
)

// target decides where to write. A target that ends with a separator, or, when
// a file is put there, is an existing folder, receives the source by its name.
func (e existing) target(env *node.Env, from, to string, folder bool) (path, action string, err error) {
	into := strings.HasSuffix(to, "/") || strings.HasSuffix(to, string(filepath.Separator))
	if !into && !folder {
		info, err := env.Files.Stat(to)
		into = err == nil && info.IsDir()
	}
	if into {
		name := filepath.Base(from)
		if name == "." || name == ".." {
			name = filepath.Base(absolute(env, from))
		}
		to = filepath.Join(to, name)
	}
	info, err := env.Files.Stat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return to, created, nil
	}
	if err != nil {
		return "", "", tell(err, "looking at "+to, to)
	}
	source, err := env.Files.Stat(from)
	if err != nil {
		return "", "", tell(err, "looking at "+from, from)
	}
	if a, b := filepath.Clean(from), filepath.Clean(to); os.SameFile(info, source) && a != b && strings.EqualFold(a, b) {
		return to, created, nil // another spelling, where case does not matter
	}
	if os.SameFile(info, source) && e.IfExists != "rename" {
		return "", "", input("choose another target", "%s and %s are the same", from, to)
	}
	switch e.IfExists {
	case "overwrite":
		if info.IsDir() != folder {
			return "", "", input("choose another target", "%s is there already and is not of the same kind (file or folder) as %s", to, from)
		}
		return to, overwritten, nil
	case "skip":
		return to, skipped, nil
	case "rename":
		free, err := freeName(env, to, folder)
		return free, renamed, err
	}
	return "", "", exists(to)
}

// freeName returns path, or the first of "path (2)", "path (3)" that is free.
func freeName(env *node.Env, path string, folder bool) (string, error) {
	dir, name := filepath.Split(path)
	stem, ext := splitName(name)
	if folder {
		stem, ext = name, ""
	}
	for n := 2; n < 10_000; n++ {
		try := fmt.Sprintf("%s%s (%d)%s", dir, stem, n, ext)
		if _, err := env.Files.Lstat(try); errors.Is(err, fs.ErrNotExist) {
			return try, nil
		} else if err != nil {
			return "", tell(err, "looking for a free name", try)
		}
	}
	return "", input("tidy the folder up", "there are 10000 files named like %s", path)
}

// copyFile copies one file in one step, with its rights and, if asked, its
// times.
func copyFile(ctx context.Context, env *node.Env, from, to string, times bool) (int64, error) {
	f, info, err := openFile(env, from)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var size int64
	err = env.Files.WriteAtomic(to, info.Mode().Perm(), func(w io.Writer) (err error) {
		size, err = copyAll(ctx, w, f)
		return err
	})
	if err == nil && times {
		err = env.Files.Chtimes(to, time.Time{}, info.ModTime())
	}
	return size, tell(err, "copying "+from+" to "+to, from)
}

// tally counts what a copy of a folder did.
type tally struct {
	files, folders, links int
	size                  int64
}

// copyTree copies a folder with all in it. Links to files that may be used are
// copied as files; links to folders are not followed, since they may run in a
// circle.
func copyTree(ctx context.Context, env *node.Env, from, to string, times bool) (tally, error) {
	var n tally
	if a, b := absolute(env, from), absolute(env, to); b == a || strings.HasPrefix(b, a+string(filepath.Separator)) {
		return n, input("choose a target outside the folder", "%s cannot be copied into itself", from)
	}
	err := walk(ctx, env, from, func(rel string, d fs.DirEntry) error {
		src, dst := filepath.Join(from, filepath.FromSlash(rel)), filepath.Join(to, filepath.FromSlash(rel))
		mode := d.Type()
		if mode&fs.ModeSymlink != 0 {
			info, err := env.Files.Stat(src)
			if err != nil || info.IsDir() {
				n.links++
				return nil
			}
			mode = info.Mode().Type()
		}
		switch {
		case mode.IsDir():
			n.folders++
			return tell(env.Files.MkdirAll(dst), "making the folder "+dst, dst)
		case !mode.IsRegular():
			n.links++
			return nil
		}
		size, err := copyFile(ctx, env, src, dst, times)
		n.files++
		n.size += size
		env.Progress(rel, n.files, 0)
		return err
	})
	return n, err
}

// walk calls fn for a folder and all in it, each folder before its content, in
// order of names, with paths relative to it and separated by slashes.
func walk(ctx context.Context, env *node.Env, folder string, fn func(rel string, d fs.DirEntry) error) error {
	fsys, closer, err := env.Files.FS(folder)
	if err != nil {
		return tell(err, "opening the folder "+folder, folder)
	}
	defer closer.Close()
	return fs.WalkDir(fsys, ".", func(rel string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return tell(err, "reading the folder "+filepath.Join(folder, filepath.FromSlash(rel)), rel)
		}
		return fn(rel, d)
	})
}
