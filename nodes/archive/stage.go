package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

// stage is a hidden folder in the target where files wait, named by numbers,
// until all of an archive was read. So no path of the archive is followed
// before all are known.
type stage struct {
	env      *node.Env
	to, dir  string
	ifExists string
	strict   bool // no two paths may be the same but for case
	fresh    bool // the target was not there before
	moved    bool

	files   []*staged
	byName  map[string]*staged
	folders map[string]bool
	order   []string            // of folders
	folded  map[string]string   // lower case to path
	alike   map[string][]string // paths that differ only in case
	skipped int
}

type staged struct {
	rel, at string
	size    int64
	dropped bool // another of the same name came later
}

// newStage makes the folder. Its name is the same for every try of a node, so
// that what a crash left is taken away.
func newStage(env *node.Env, to, archive, ifExists string, strict bool) (*stage, error) {
	sum := sha256.Sum256([]byte(env.Token + "\x00" + archive))
	s := &stage{env: env, to: to, dir: filepath.Join(to, ".aether-"+hex.EncodeToString(sum[:8])+".tmp"), ifExists: ifExists, strict: strict,
		byName: map[string]*staged{}, folders: map[string]bool{}, folded: map[string]string{}, alike: map[string][]string{}}
	_, err := env.Files.Stat(to)
	s.fresh = errors.Is(err, fs.ErrNotExist)
	if err := env.Files.RemoveAll(s.dir); err != nil {
		return nil, tell(err, "clearing "+s.dir)
	}
	if err := env.Files.MkdirAll(s.dir); err != nil {
		return nil, tell(err, "making the folder "+to)
	}
	return s, nil
}

// clean takes the folder away, and the target if it was made for nothing.
func (s *stage) clean() {
	_ = s.env.Files.RemoveAll(s.dir)
	if s.fresh && !s.moved {
		_ = s.env.Files.Remove(s.to) // fails if others put something there
	}
}

func (s *stage) path(rel string) string { return filepath.Join(s.to, filepath.FromSlash(rel)) }

// folder plans a folder and those above it.
func (s *stage) folder(rel string) error {
	for _, dir := range append(parents(rel), rel) {
		if s.byName[dir] != nil {
			return damaged(rel)(errors.New(dir + " is a file and a folder"))
		}
		if s.folders[dir] {
			continue
		}
		if err := s.look(dir); err != nil {
			return err
		}
		p := s.path(dir)
		if info, err := s.env.Files.Stat(p); err == nil && !info.IsDir() {
			return input("move the file away", "%s is a file, and a folder in the archive", p)
		}
		s.folders[dir] = true
		s.order = append(s.order, dir)
	}
	return nil
}

// parents returns the folders above a path, the outermost first.
func parents(rel string) []string {
	var out []string
	for i, r := range rel {
		if r == '/' {
			out = append(out, rel[:i])
		}
	}
	return out
}

// look notes a path that differs from another only in case.
func (s *stage) look(rel string) error {
	low := strings.ToLower(rel)
	first, ok := s.folded[low]
	if !ok {
		s.folded[low] = rel
		return nil
	}
	if first == rel {
		return nil
	}
	if s.strict {
		return input("set duplicates to last if your disk can tell them apart", "the archive holds %s and %s, which differ only in upper and lower case", first, rel)
	}
	s.alike[low] = append(s.alike[low], rel)
	return nil
}

// file unpacks a file to its place in the stage.
func (s *stage) file(ctx context.Context, rel string, e *entry) error {
	if dir := path.Dir(rel); dir != "." {
		if err := s.folder(dir); err != nil {
			return err
		}
	}
	if s.folders[rel] {
		return damaged(rel)(errors.New("it is a file and a folder"))
	}
	if err := s.look(rel); err != nil {
		return err
	}
	old := s.byName[rel]
	if old != nil && s.strict {
		return input("set duplicates to last to take the last", "the archive holds %s twice", rel)
	}
	if ok, err := s.free(rel); err != nil || !ok {
		return err
	}
	r, err := e.open()
	if err != nil {
		return err
	}
	defer r.Close()
	f := &staged{rel: rel, at: filepath.Join(s.dir, strconv.Itoa(len(s.files)))}
	if err := s.write(ctx, f, r, e); err != nil {
		return tell(err, "unpacking "+rel)
	}
	if old != nil {
		old.dropped = true
		_ = s.env.Files.Remove(old.at)
	}
	s.files, s.byName[rel] = append(s.files, f), f
	s.env.Progress(rel, len(s.files), 0)
	return nil
}

// free tells whether a file may be put at its place: what is there now may
// have to stay, or may be no file at all.
func (s *stage) free(rel string) (bool, error) {
	p := s.path(rel)
	info, err := s.env.Files.Lstat(p)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		// A link inside the allowed folders is replaced; one that leads out of
		// them says so.
		if to, err := s.env.Files.Stat(p); err == nil {
			info = to
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, tell(err, "looking at "+p)
	case s.ifExists == "skip":
		s.skipped++
		return false, nil
	case s.ifExists == "error":
		return false, input("choose another folder, or set if_exists", "%s exists already", p)
	case info.IsDir():
		return false, input("move the folder away", "%s is a folder, and a file in the archive", p)
	case info.Mode().Perm()&0o200 == 0:
		return false, node.Fail(node.KindDenied, p+" is read-only and would be replaced", "allow writing to it, or set if_exists")
	}
	return true, nil
}

// write puts the content of an entry into the stage.
func (s *stage) write(ctx context.Context, f *staged, r interface{ Read([]byte) (int, error) }, e *entry) (err error) {
	perm := e.mode.Perm() & 0o755 // never writable by others, never setuid
	if perm == 0 {
		perm = 0o644
	}
	if info, err := s.env.Files.Stat(s.path(f.rel)); err == nil {
		perm = info.Mode().Perm() // a file that is replaced keeps its rights
	}
	w, err := s.env.Files.OpenFile(f.at, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if f.size, err = copyAll(ctx, w, r); err == nil {
		err = w.Sync()
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err := s.env.Files.Chmod(f.at, perm|0o600); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if !e.modified.IsZero() && e.modified.Year() > 1979 {
		_ = s.env.Files.Chtimes(f.at, time.Time{}, e.modified) // a nicety
	}
	return nil
}

// move puts all files in their places. If that fails in the middle, what is new
// is taken away again; what replaced a file stays.
func (s *stage) move(ctx context.Context) (err error) {
	if err := s.distinct(); err != nil {
		return err
	}
	var made, put []string
	defer func() {
		if err == nil {
			s.moved = true
			return
		}
		for i := len(put) - 1; i >= 0; i-- {
			_ = s.env.Files.Remove(put[i])
		}
		for i := len(made) - 1; i >= 0; i-- {
			_ = s.env.Files.Remove(made[i]) // only if it is empty
		}
	}()
	for _, dir := range s.order {
		p := s.path(dir)
		if _, err := s.env.Files.Stat(p); err == nil {
			continue
		}
		if err := s.env.Files.MkdirAll(p); err != nil {
			return tell(err, "making the folder "+p)
		}
		made = append(made, p)
	}
	for _, f := range s.files {
		if f.dropped {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		p := s.path(f.rel)
		_, missing := s.env.Files.Lstat(p)
		if err := s.env.Files.Rename(f.at, p); err != nil {
			return tell(err, "unpacking "+f.rel)
		}
		if missing != nil {
			put = append(put, p)
		}
	}
	return nil
}

// distinct fails if paths that differ only in case are the same to the disk:
// one would silently replace the other.
func (s *stage) distinct() error {
	if len(s.alike) == 0 {
		return nil
	}
	probe := filepath.Join(s.dir, "Case")
	w, err := s.env.Files.OpenFile(probe, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return tell(err, "writing "+probe)
	}
	_ = w.Close()
	if _, err := s.env.Files.Lstat(filepath.Join(s.dir, "cASE")); err != nil {
		return nil
	}
	for low, names := range s.alike {
		return input("unpack it with pattern, one at a time, into two folders", "the archive holds %s and %s, which are the same to this disk", s.folded[low], names[0])
	}
	return nil
}
