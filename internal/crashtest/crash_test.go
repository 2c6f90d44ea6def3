//go:build unix

package crashtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/run"
)

// doubles is how many runs of each shape die twice.
const doubles = 3

// place is where runs are kept: a database and a data folder.
type place struct {
	database string
	dir      string
}

// lane hands out places to the shapes that are tested at the same time.
type lane struct {
	take func(t *testing.T) (place, func())
	// every is 1 where a run is killed at each of its points, and 3 where it is killed at a third of them.
	every int
}

// figures of one database.
type figures struct{ runs, lives, kills, untold, retold atomic.Int64 }

func TestSQLite(t *testing.T) {
	// Making the tables takes longer than all else that a victim does.
	blank := filepath.Join(t.TempDir(), "aether.db")
	start(t, t.Context(), &job{Init: true, Database: "sqlite:" + blank, Dir: filepath.Dir(blank), Host: "here"}).mustEnd(t)
	tables, err := os.ReadFile(blank)
	if err != nil {
		t.Fatal(err)
	}
	crashAll(t, lane{func(t *testing.T) (place, func()) {
		dir := t.TempDir()
		file := filepath.Join(dir, "aether.db")
		if err := os.WriteFile(file, tables, 0o600); err != nil {
			t.Fatal(err)
		}
		return place{"sqlite:" + file, dir}, func() {}
	}, 1})
}

func TestPostgres(t *testing.T) {
	url := os.Getenv("AETHER_TEST_POSTGRES")
	if url == "" {
		t.Skip("AETHER_TEST_POSTGRES holds no URL of a PostgreSQL server")
	}
	// One database for each of the shapes that are tested at the same time: the
	// victim of one must not see the queues of another.
	const lanes = 4
	free := make(chan place, lanes)
	for i := range lanes {
		p := place{database(t, url, fmt.Sprintf("crashtest_%d_%d", os.Getpid(), i)), t.TempDir()}
		start(t, t.Context(), &job{Init: true, Database: p.database, Dir: p.dir, Host: "here"}).mustEnd(t)
		free <- p
	}
	// What an engine does at a point is the same on both databases, and was seen on SQLite. Here it is killed at every
	// third point, another for each shape; AETHER_TEST_EVERY=1 is all of them.
	every := 3
	if os.Getenv("AETHER_TEST_EVERY") != "" {
		every = 1
	}
	crashAll(t, lane{func(t *testing.T) (place, func()) {
		p := <-free
		return p, func() { free <- p }
	}, every})
}

func crashAll(t *testing.T, l lane) {
	w := newWorld(t)
	var fig figures
	began := time.Now()
	t.Run("shapes", func(t *testing.T) {
		for _, s := range shapes {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				p, done := l.take(t)
				defer done()
				c := &crasher{shape: &s, world: w, place: p, every: l.every, fig: &fig, dir: t.TempDir()}
				c.crash(t)
			})
		}
	})
	t.Logf("%d runs lived %d lives and were killed %d times in %s; the journal lacks %d executions and tells %d twice",
		fig.runs.Load(), fig.lives.Load(), fig.kills.Load(), time.Since(began).Round(time.Second/10), fig.untold.Load(), fig.retold.Load())
}

// crasher crashes the runs of one shape.
type crasher struct {
	*shape
	world *world
	place place
	every int
	fig   *figures
	dir   string // holds the flow files
	runs  int
	clean *story
}

// story is all that is known of a run that has ended.
type story struct {
	id     string
	ledger *ledger
	kills  []point // that were carried out, in order
	result *result
	names  []string // records, in order
}

func (c *crasher) crash(t *testing.T) {
	for name, text := range c.files {
		c.write(t, name, text)
	}
	c.write(t, "flow.yaml", head+c.flow)
	c.clean = c.tell(t)
	c.checkClean(t)
	if t.Failed() {
		t.FailNow()
	}
	var points []point
	for _, name := range c.clean.names[max(0, slices.Index(c.clean.names, c.from)):] {
		points = append(points, point{When: "before", Name: name}, point{When: "after", Name: name})
	}
	points = append(points, point{When: "before", Name: claimed}, point{When: "after", Name: walked}, point{When: "before", Name: durably}, point{When: "after", Name: ended})
	seed := fnv.New64a()
	seed.Write([]byte(c.name))
	rnd := rand.New(rand.NewPCG(seed.Sum64(), 1))
	plans := make([][]point, 0, len(points)+doubles)
	offset := rnd.IntN(c.every)
	for i, p := range points {
		if i%c.every == offset {
			plans = append(plans, []point{p})
		}
	}
	if testing.Short() {
		rnd.Shuffle(len(plans), func(i, j int) { plans[i], plans[j] = plans[j], plans[i] })
		plans = plans[:2]
	}
	for i := range doubles {
		if testing.Short() && i > 0 {
			break
		}
		if len(c.cut) > 0 {
			break // what comes out of two deaths is not told by the points alone
		}
		second := point{When: []string{"before", "after"}[rnd.IntN(2)], N: 1 + rnd.Int64N(3)}
		plans = append(plans, []point{points[rnd.IntN(len(points))], second})
	}
	for _, plan := range plans {
		s := c.tell(t, plan...)
		c.check(t, s, plan)
	}
}

func (c *crasher) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// maxLives is more than any run needs.
const maxLives = 12

// tell lets a run live until it has ended; life i dies at plan[i].
func (c *crasher) tell(t *testing.T, plan ...point) *story {
	t.Helper()
	c.runs++
	c.fig.runs.Add(1)
	id := fmt.Sprintf("%s-%d", strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return '-'
		}
		return r
	}, c.name), c.runs)
	s := &story{id: id}
	var url string
	s.ledger, url = c.world.open(id)
	if c.retry != "" {
		s.id += ".2"
	}
	retry := c.retry
	if retry != "" && retry != "same" {
		retry = filepath.Join(c.dir, retry)
	}
	for life := 1; life <= maxLives; life++ {
		j := &job{
			Database: c.place.database, Dir: c.place.dir, Host: "here", Flow: filepath.Join(c.dir, "flow.yaml"),
			Run: id, Ledger: url, Life: life, Retry: retry, Send: c.send, Ask: c.attended, Items: c.items,
		}
		// A run that has parked does not use up a death.
		if len(plan) > len(s.kills) {
			j.Kill = plan[len(s.kills)]
		}
		c.fig.lives.Add(1)
		v := start(t, t.Context(), j)
		if v.wait() {
			c.fig.kills.Add(1)
			s.kills = append(s.kills, j.Kill)
			continue
		}
		s.result = v.mustEnd(t)
		if st := s.result.Status; st.Final() {
			return s
		} else if st == run.Running {
			t.Fatalf("%s: the run was interrupted: %s", at(plan), v.stderr.String())
		}
	}
	t.Fatalf("%s: the run has not ended in %d lives; questions: %v", at(plan), maxLives, s.ledger.asked)
	return nil
}

func at(plan []point) string {
	var words []string
	for _, p := range plan {
		words = append(words, p.String())
	}
	return "killed " + strings.Join(words, ", then ")
}

// victim is a process that was started.
type victim struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	err            error
	gone           chan struct{} // closed when it has ended and err is set
	cancel         context.CancelFunc
}

func start(t *testing.T, ctx context.Context, j *job) *victim {
	t.Helper()
	b, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{}
	ctx, v.cancel = context.WithTimeout(ctx, patience)
	v.cmd = exec.CommandContext(ctx, exe)
	v.cmd.Env = append(os.Environ(), orders+"="+string(b))
	v.cmd.Stdout, v.cmd.Stderr = &v.stdout, &v.stderr
	// One that hangs shows where.
	v.cmd.Cancel = func() error { return v.cmd.Process.Signal(syscall.SIGQUIT) }
	v.cmd.WaitDelay = 5 * time.Second
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.gone = make(chan struct{})
	go func() {
		v.err = v.cmd.Wait()
		v.cancel()
		close(v.gone)
	}()
	return v
}

// wait reports whether the process was killed.
func (v *victim) wait() bool {
	<-v.gone
	ws, ok := v.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL
}

// mustEnd waits for a process that is not to die.
func (v *victim) mustEnd(t *testing.T) *result {
	t.Helper()
	v.wait()
	if v.err != nil {
		t.Fatalf("the victim ended with %v:\n%s", v.err, v.stderr.String())
	}
	var r result
	if err := json.Unmarshal(v.stdout.Bytes(), &r); err != nil {
		t.Fatalf("the victim said %q: %v", v.stdout.String(), err)
	}
	return &r
}
