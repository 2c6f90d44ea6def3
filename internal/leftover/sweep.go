package leftover

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aether-rpa/aether/process"
)

// maxFound bounds what is kept for runs that may never be asked for.
const maxFound = 1000

// SweepPrograms ends the programs that processes which are gone have left, and
// returns them. What belongs to a process that lives is not touched.
func (p *Place) SweepPrograms(ctx context.Context) ([]Leak, error) {
	orphans, err := process.KillOrphans(ctx, p.scope)
	leaks := programs(orphans)
	p.note(leaks)
	return leaks, err
}

// SweepFolders removes the folders that processes which are gone have left and
// nobody will use again: over says of a run that it has ended. It returns what
// it found, and costs nothing where there is nothing. Programs are ended before,
// since they could write into the folders.
func (p *Place) SweepFolders(ctx context.Context, over func(run string) bool) (leaks []Leak, err error) {
	entries, err := os.ReadDir(p.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		path, ok := strings.CutSuffix(filepath.Join(p.root, e.Name()), lockEnd)
		if !ok || ctx.Err() != nil {
			continue
		}
		leak, sweepErr := sweep(path, func(run string, unused time.Duration) bool { return unused > Kept || over(run) })
		if leak != nil {
			leaks = append(leaks, *leak)
		}
		err = errors.Join(err, sweepErr)
	}
	p.note(leaks)
	return leaks, err
}

// note keeps what was found for Found.
func (p *Place) note(leaks []Leak) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil || len(p.found) > maxFound {
		p.found = map[string][]Leak{}
	}
	for _, l := range leaks {
		if l.Run != "" {
			p.found[l.Run] = append(p.found[l.Run], l)
		}
	}
}

// Found returns what sweeps found of a run since it was last asked for.
func (p *Place) Found(run string) []Leak {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.found[run]
	delete(p.found, run)
	return list
}

// sweep removes a folder and its lock, if nobody has it and it is to go.
func sweep(path string, gone func(run string, unused time.Duration) bool) (*Leak, error) {
	lock, err := os.OpenFile(path+lockEnd, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // another sweep was faster
	}
	if err != nil {
		return nil, err
	}
	if tryLock(lock) != nil || !same(lock, path+lockEnd) {
		return nil, lock.Close() // it is somebody's
	}
	run, owner := read(lock)
	info, err := lock.Stat()
	if err != nil || !gone(run, time.Since(info.ModTime())) {
		return nil, errors.Join(err, lock.Close())
	}
	var leak *Leak
	if exists(path) {
		leak = measure(path, run, owner)
	}
	if err := removeAll(path); err != nil {
		return leak, errors.Join(fmt.Errorf("removing the folder of run %s: %w", run, err), lock.Close())
	}
	return leak, removeLock(lock)
}
