// Package leftover gives runs their work folders, and finds and removes what
// runs have left on this machine when their process was killed: folders, and
// programs that still run.
//
// A run has one folder on a machine, from when it first needs one until it ends:
// a run that waits, or whose process was killed, goes on with the files it had.
// Beside the folder is a file that the process which executes the run keeps
// locked. The lock goes with the process, however it ends; so a folder whose
// lock is free belongs to nobody that lives.
//
//	work/RUN/        the folder of a run
//	work/RUN.lock    its lock; inside, the id of the run and who has it
//
// Programs are found by the mark that their environment holds.
package leftover

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/process"
)

// Kept is how long the folder of a run that has not ended stays when nobody
// goes on with the run on this machine.
const Kept = 30 * 24 * time.Hour

// Place is the folder in which runs have their work folders. It makes nothing
// before a run needs it, and is safe for concurrent use.
type Place struct {
	root  string
	owner string
	scope string // of the marks of programs: those who share the work folder

	mu    sync.Mutex
	found map[string][]Leak
}

// At returns the place of a work folder for the process that owner names (see
// run.Self).
func At(root, owner string) *Place {
	sum := sha256.Sum256([]byte(filepath.Clean(root)))
	return &Place{root: root, owner: owner, scope: hex.EncodeToString(sum[:6])}
}

// Mark is what the environment of programs of a run must hold, as KEY=value, to
// be found.
func (p *Place) Mark(run string) string { return process.RunMark(p.scope, run) }

// EndPrograms ends the programs of a run of this process, which has ended, and
// returns them.
func (p *Place) EndPrograms(ctx context.Context, run string) ([]Leak, error) {
	list, err := process.KillRun(ctx, p.scope, run)
	return programs(list), err
}

// Folder is the folder of a run while a process has it; who has it must keep the
// Folder, too.
type Folder struct {
	Path string
	lock *os.File
}

const lockEnd = ".lock"

var nameRE = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// name is what the folder of a run is called: its id, if that is one that every
// file system takes.
func name(run string) string {
	if nameRE.MatchString(run) && !strings.HasSuffix(run, lockEnd) {
		return run
	}
	sum := sha256.Sum256([]byte(run))
	return "run-" + hex.EncodeToString(sum[:16])
}

// Open makes the folder of a run, or takes the one that it had before. The
// caller gives it back with Leave or Remove.
func (p *Place) Open(run string) (*Folder, error) {
	if err := os.MkdirAll(p.root, 0o700); err != nil {
		return nil, fmt.Errorf("making the work folder: %w", err)
	}
	// An execution that lost the run may still have its folder, and ids that
	// differ by case may be one to the file system: then there is a second one.
	for n := 1; ; n++ {
		path := filepath.Join(p.root, name(run))
		if n > 1 {
			path += fmt.Sprintf("~%d", n)
		}
		lock, err := p.take(path+lockEnd, run)
		if err == nil && lock != nil {
			if err = os.MkdirAll(path, 0o700); err == nil {
				return &Folder{Path: path, lock: lock}, nil
			}
			err = errors.Join(err, removeLock(lock))
		}
		if err != nil {
			return nil, fmt.Errorf("making a folder for the run: %w", err)
		}
	}
}

// take locks the file of a run's folder, which it makes if need be; nil if it is
// another's.
func (p *Place) take(path, run string) (*os.File, error) {
	for {
		lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		// On a file system without locks no sweep gets one either, and nothing
		// there is ever swept.
		if isLocked(tryLock(lock)) {
			return nil, lock.Close()
		}
		if !same(lock, path) {
			if err := lock.Close(); err != nil {
				return nil, err
			}
			continue // it was removed in between
		}
		if of, _ := read(lock); of != "" && of != run {
			return nil, lock.Close()
		}
		err = lock.Truncate(0)
		if err == nil {
			_, err = lock.WriteAt([]byte(run+"\n"+p.owner+"\n"), 0)
		}
		if err != nil {
			return nil, errors.Join(err, lock.Close())
		}
		return lock, nil
	}
}

// same reports whether an open file is still the one at a path.
func same(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}

// read returns what the file of a folder says.
func read(f *os.File) (run, owner string) {
	b, _ := io.ReadAll(io.NewSectionReader(f, 0, 4096))
	run, rest, _ := strings.Cut(string(b), "\n")
	return run, strings.TrimSpace(rest)
}

// Leave gives the folder back and leaves it for the next process that goes on
// with the run, if there is something in it.
func (f *Folder) Leave() error {
	if os.Remove(f.Path) == nil { // it was empty
		return removeLock(f.lock)
	}
	return f.lock.Close()
}

// Remove removes the folder: the run has ended.
func (f *Folder) Remove() error {
	if err := removeAll(f.Path); err != nil {
		return errors.Join(err, f.lock.Close()) // the next sweep tries again
	}
	return removeLock(f.lock)
}

// Forget removes what nobody has any more of a run that has ended, or goes on
// elsewhere: its folders, also where programs before this one put them.
func (p *Place) Forget(run string) error {
	var errs []error
	entries, err := os.ReadDir(p.root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), name(run))
		path := filepath.Join(p.root, e.Name())
		switch folder, lock := strings.CutSuffix(path, lockEnd); {
		case !ok:
		case lock:
			_, err := sweep(folder, func(of string, _ time.Duration) bool { return of == run })
			errs = append(errs, err)
		case strings.HasPrefix(rest, "-") && len(rest) > 1 && strings.Trim(rest[1:], "0123456789") == "" && e.IsDir() && !exists(path+lockEnd):
			errs = append(errs, removeAll(path))
		}
	}
	return errors.Join(errs...)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// removeAll removes a folder with all in it, also what its owner may not write.
func removeAll(dir string) error {
	Beside(dir)
	Beside(filepath.Join(dir, "profile")) // of a browser that a person works in, whose downloads are kept apart
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	walkErr := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) //nolint:gosec // a folder must be entered to be emptied
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil // it is emptied below, or that says why not
		}
		return err
	})
	if walkErr != nil {
		return errors.Join(err, walkErr)
	}
	return os.RemoveAll(dir)
}
