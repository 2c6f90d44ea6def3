package leftover

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/process"
)

// Leak is something that a run left behind, and that was removed.
type Leak struct {
	Run  string // "" if it is not known
	What string // folder or program
	// Where is the path of a folder, or the name and id of a program.
	Where string
	Files int    // in a folder
	Bytes int64  // of these files
	Owner string // process that had the folder last
}

// String says it for people.
func (l Leak) String() string {
	s := "the " + l.What + " " + l.Where
	if l.What == "folder" {
		s += fmt.Sprintf(" (%s)", sizes(l.Files, l.Bytes))
	}
	if l.Run != "" {
		s += " of run " + l.Run
	}
	return s
}

// Summary says in a line what was found, "" for nothing.
func Summary(list []Leak) string {
	files, size, runs := 0, int64(0), []string{}
	n := map[string]int{}
	known := map[string]bool{}
	for _, l := range list {
		n[l.What]++
		files, size = files+l.Files, size+l.Bytes
		if l.Run != "" && !known[l.Run] {
			known[l.Run] = true
			if runs = append(runs, l.Run); len(runs) > 5 {
				runs[5] = "others"
				runs = runs[:6]
			}
		}
	}
	var parts []string
	if n["program"] > 0 {
		parts = append(parts, count(n["program"], "program"))
	}
	if n["folder"] > 0 {
		parts = append(parts, count(n["folder"], "folder")+" ("+sizes(files, size)+")")
	}
	s := strings.Join(parts, " and ")
	if len(runs) > 0 {
		s += " of " + map[bool]string{true: "run ", false: "runs "}[len(runs) == 1] + strings.Join(runs, ", ")
	}
	return s
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func sizes(files int, size int64) string {
	return fmt.Sprintf("%s, %d KiB", count(files, "file"), (size+1023)>>10)
}

// programs are leaks of processes.
func programs(list []process.Orphan) []Leak {
	var out []Leak
	for _, o := range list {
		out = append(out, Leak{Run: o.Run, What: "program", Where: fmt.Sprintf("%s (process %d)", o.Name, o.PID)})
	}
	return out
}

// measure says what is in the folder of a run.
func measure(dir, run, owner string) *Leak {
	l := &Leak{Run: run, What: "folder", Where: dir, Owner: owner}
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir():
			return nil
		}
		l.Files++
		if info, err := d.Info(); err == nil {
			l.Bytes += info.Size()
		}
		return nil
	})
	return l
}
