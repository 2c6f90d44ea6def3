//go:build linux

package webcrash

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/run"
)

// TestNothingLeaks kills robots, browsers, and both, at moments of chance in their runs, cancels what is left of them
// and lets one robot do a whole day: no program, profile or temporary file of those that were killed is left, and with
// the programs their ports are gone.
func TestNothingLeaks(t *testing.T) {
	if _, err := cdp.Find(); err != nil {
		t.Skip(err)
	}
	kills := 6
	if os.Getenv("AETHER_TEST_EVERY") != "" {
		kills = 100
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	o := newOffice(t)
	o.job.Dir = t.TempDir()
	o.job.Inputs["file"] = filepath.Join(o.job.Dir, "INV-9001.pdf")
	o.job.Inputs["folder"] = filepath.Join(o.job.Dir, "out")
	if err := os.WriteFile(o.job.Dir+"/INV-9001.pdf", []byte("an invoice"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The first half of the day, so that a hundred take no hours.
	moments := []string{"open", "user", "password", "sign", "code", "begin", "list", "size", "show", "sort", "next", "work", "status", "save!intent", "number", "lookup"}
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	chance := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // of kills, not of secrets
	for i, done := 0, 0; done < kills; i++ {
		j := o.job
		j.Run, j.Name, j.When = fmt.Sprint("day-", i), moments[chance.IntN(len(moments))], []string{"before", "after"}[chance.IntN(2)]
		j.Both = chance.IntN(3) == 0
		res, killed := j.live(t)
		switch {
		case killed:
			done++
		case i > 2*kills:
			t.Fatalf("%d of %d robots were killed; the last ended by itself: %+v", done, i, res)
		}
	}
	last := o.job
	last.Run, last.Clean = "last", true
	if res, _ := last.live(t); res == nil || res.Status != run.Done {
		t.Fatalf("the last run: %+v", res)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		left := programs(t, o.job.Dir)
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %d kills these programs are left, with their ports:\n%s", kills, strings.Join(left, "\n"))
		}
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // a browser ends by itself a moment after its robot
	}
	for _, dir := range []string{filepath.Join(o.job.Dir, "work"), temp} {
		if left := under(t, dir); len(left) > 0 {
			t.Errorf("of %d kills these are left in %s:\n%s", kills, dir, strings.Join(left, "\n"))
		}
	}
}

// programs lists the processes, robots and browsers, that belong to a data folder.
func programs(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range all {
		line, err := os.ReadFile(p + "/cmdline")
		if err != nil || filepath.Base(p) == fmt.Sprint(os.Getpid()) {
			continue // it has ended meanwhile
		}
		env, err := os.ReadFile(p + "/environ")
		if err != nil {
			env = nil
		}
		if bytes.Contains(line, []byte(dir)) || bytes.Contains(env, []byte(dir)) {
			out = append(out, filepath.Base(p)+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return out
}

// under lists what there is below a folder, but for empty folders at its top that robots lock.
func under(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && path != dir {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
