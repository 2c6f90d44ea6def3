//go:build unix

package crashtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/config"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/dialog"
	_ "github.com/aether-rpa/aether/nodes/flowctl"
	_ "github.com/aether-rpa/aether/nodes/variable"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

// orders is the variable that makes this binary a victim.
const orders = "AETHER_CRASH_VICTIM"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(orders); ok {
		var j job
		if err := json.Unmarshal([]byte(text), &j); err != nil {
			fmt.Fprintln(os.Stderr, "the orders cannot be read:", err)
			os.Exit(2)
		}
		os.Exit(j.main())
	}
	// Victims wait for disks and clocks more than they work.
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = f.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
	}
	os.Exit(m.Run())
}

// Points to die at that are no records. A victim passes them in this order,
// with the records between claimed and walked.
const (
	claimed = "*claimed" // before: it holds the lease and no more
	walked  = "*walked"  // after: the flow has ended and DBOS does not know
	durably = "*durably" // before: DBOS knows the result and the run's row does not
	ended   = "*ended"   // after: all is written, the process has not closed
)

// point is a moment to die: before or after the record of that name, or the
// record of that number in this life if there is no name.
type point struct {
	When string `json:"when,omitempty"`
	Name string `json:"name,omitempty"`
	N    int64  `json:"n,omitempty"`
}

func (p point) String() string {
	switch {
	case p.Name != "":
		return p.When + " " + p.Name
	case p.N > 0:
		return fmt.Sprintf("%s record %d", p.When, p.N)
	}
	return "never"
}

// job is what a victim is to do.
type job struct {
	Init     bool   `json:"init,omitempty"` // only make the tables
	Database string `json:"database"`
	Dir      string `json:"dir"`
	Host     string `json:"host"`
	Flow     string `json:"flow"`
	Run      string `json:"run"`
	Ledger   string `json:"ledger"`
	Life     int    `json:"life"`
	Kill     point  `json:"kill"`
	// Retry says that the run is to be made by retrying another one, which
	// fails: with the "same" version of the flow, or with the file named here.
	Retry string         `json:"retry,omitempty"`
	Send  map[string]any `json:"send,omitempty"`  // topic -> message sent before the run begins
	Ask   bool           `json:"ask,omitempty"`   // somebody attends the run
	Items []any          `json:"items,omitempty"` // contents of the work items it is begun with
}

// result is what a victim that was not killed prints.
type result struct {
	Status  run.Status     `json:"status"`
	Shown   string         `json:"shown"`
	Output  map[string]any `json:"output,omitempty"`
	Failure *node.Failure  `json:"failure,omitempty"`
}

func (j *job) main() int {
	res, err := j.execute(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := json.NewEncoder(os.Stdout).Encode(res); err != nil {
		return 1
	}
	return 0
}

func (j *job) execute(ctx context.Context) (res *result, err error) {
	reg, err := j.registry()
	if err != nil {
		return nil, err
	}
	level := slog.LevelWarn
	if os.Getenv("AETHER_CRASH_DEBUG") != "" {
		level = slog.LevelDebug
	}
	kind := config.KindPostgres
	if strings.HasPrefix(j.Database, "sqlite:") {
		kind = config.KindSQLite
	}
	s, err := app.Open(ctx, app.Options{
		Config: &config.Config{
			DataDir: j.Dir, AppName: "crashtest", Files: config.Files{Roots: []string{j.Dir}},
			Database: config.Database{URL: config.Secret(j.Database), Kind: kind, Schema: "aether", MaxConns: 5},
		},
		Nodes: reg, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})), Host: j.Host, PID: os.Getpid(),
		Lookup: func(string) (string, bool) { return "", false }, Ask: j.attended(),
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if j.Init {
		return &result{}, s.Start(ctx, false)
	}
	id, begun, err := j.prepare(ctx, s)
	if err != nil {
		return nil, err
	}
	if !begun {
		if err := s.Start(ctx, j.Life > 1); err != nil {
			return nil, err
		}
	}
	return j.walk(ctx, s, id)
}

// attended asks the ledger as if it was a person at the terminal; nil if nobody
// is there.
func (j *job) attended() func(context.Context, *run.Run, engine.Wait) (question.Answer, error) {
	if !j.Ask {
		return nil
	}
	return func(_ context.Context, r *run.Run, w engine.Wait) (question.Answer, error) {
		text, err := j.tell("ask", asked{r.ID, w.Path, w.Kind})
		if err != nil {
			return question.Answer{}, err
		}
		return w.Ask.Parse(text)
	}
}

// prepare makes the run, unless an earlier life made it. It returns true if the
// durable engine is open.
func (j *job) prepare(ctx context.Context, s *app.System) (id string, begun bool, err error) {
	b, err := orch.Load(j.Flow, s.Nodes)
	if err != nil {
		return "", false, err
	}
	if err := s.Orch.Publish(ctx, b); err != nil {
		return "", false, err
	}
	if len(j.Items) > 0 {
		_, err := s.Items.Load(ctx, &item.Queue{Name: "items", Run: j.Run, MaxRetries: 1}, "digest", func(yield func(node.ItemSpec, error) bool) {
			for _, content := range j.Items {
				m, _ := content.(map[string]any)
				if !yield(node.ItemSpec{Content: m}, nil) {
					return
				}
			}
		})
		if err != nil {
			return "", false, err
		}
	}
	r, _, err := s.Orch.Start(ctx, b, j.Run, map[string]any{})
	if err != nil {
		return "", false, err
	}
	if j.Retry != "" {
		id = r.ID + ".2"
		if _, err := s.Runs.Get(ctx, id); err == nil {
			return id, false, nil
		}
		if err := s.Start(ctx, true); err != nil {
			return "", false, err
		}
		if r, err = s.Robot.Execute(ctx, r.ID, &engine.Counters{}); err != nil {
			return "", false, err
		}
		if r.Status != run.Failed {
			return "", false, fmt.Errorf("the run to retry is %s, it should have failed", r.Shown())
		}
		rt := orch.Retry{From: "failed"}
		if j.Retry != "same" {
			if rt.Flow, err = orch.Load(j.Retry, s.Nodes); err != nil {
				return "", false, err
			}
			if err := s.Orch.Publish(ctx, rt.Flow); err != nil {
				return "", false, err
			}
		}
		_, err := s.Orch.Retry(ctx, r.ID, rt)
		return id, true, err
	}
	for topic, data := range j.Send {
		if r.Status.Final() {
			break
		}
		if _, err := s.Orch.Send(ctx, r.ID, topic, "m-"+topic, data); err != nil {
			return "", false, err
		}
	}
	return r.ID, false, nil
}

// walk executes the run and dies at its point.
func (j *job) walk(ctx context.Context, s *app.System, id string) (*result, error) {
	rn, err := s.Runs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !rn.Status.Final() {
		waits, err := orch.Waits(rn)
		if err != nil {
			return nil, err
		}
		for _, w := range waits {
			if len(w.Choices) == 0 {
				continue
			}
			choice, err := j.tell("ask", asked{id, w.Path, w.Kind})
			if err != nil {
				return nil, err
			}
			if _, err := s.Orch.AnswerText(ctx, id, w.Path, choice, "", "crashtest"); err != nil {
				return nil, err
			}
		}
		j.arm()
		s.Robot.Durable = &tap{s.Durable, j}
		if rn, err = s.Robot.Execute(ctx, id, &engine.Counters{}); err != nil {
			return nil, err
		}
		j.pass("after", ended)
	}
	res := &result{Status: rn.Status, Shown: rn.Shown(), Failure: rn.Failure}
	if rn.Output != nil {
		v, err := value.Decode(rn.Output, s.Artifacts)
		if err != nil {
			return nil, err
		}
		if v, err = value.LoadAll(ctx, v); err != nil {
			return nil, err
		}
		res.Output, _ = v.(map[string]any)
	}
	return res, nil
}

// arm makes the records points to die at.
func (j *job) arm() {
	var before, after atomic.Int64
	durable.Failpoint = func(when, name string) {
		count := &before
		if when == "after" {
			count = &after
		}
		if n := count.Add(1); j.Kill.Name == "" && j.Kill.When == when && j.Kill.N == n {
			die()
		}
		j.pass(when, name)
	}
}

// pass dies if this is the point.
func (j *job) pass(when, name string) {
	if j.Kill.Name == name && j.Kill.When == when {
		die()
	}
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}

// tap watches the durable runtime.
type tap struct {
	durable.Runtime
	job *job
}

// Run implements durable.Runtime.
func (t *tap) Run(ctx context.Context, id string, body durable.Body) ([]byte, error) {
	t.job.pass("before", claimed)
	out, err := t.Runtime.Run(ctx, id, func(ctx context.Context, log durable.Log) ([]byte, error) {
		names := []string{}
		for _, e := range log.Past() {
			names = append(names, e.Name)
		}
		if _, err := t.job.tell("past", found{t.job.Life, names}); err != nil {
			return nil, err
		}
		out, err := body(ctx, log)
		t.job.pass("after", walked)
		return out, err
	})
	t.job.pass("before", durably)
	return out, err
}

// tell sends something to the ledger and waits until it is written down.
func (j *job) tell(what string, body any) (string, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	resp, err := http.Post(j.Ledger+"/"+what, "application/json", bytes.NewReader(b))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the ledger said %s", resp.Status)
	}
	return string(answer), err
}

type actIn struct {
	Value  any    `json:"value" doc:"Value to give back."`
	Effect string `json:"effect" default:"idempotent" doc:"Effect class."`
	Fail   bool   `json:"fail" doc:"Fail before acting."`
	FailIn string `json:"fail_in" doc:"Fail before acting if the path holds this text."`
	Tries  int    `json:"fail_tries" doc:"Fail before acting in so many tries."`
	Size   int    `json:"size" doc:"Give a text of so many letters."`
	File   bool   `json:"file" doc:"Leave a file in the work folder."`
	Hang   bool   `json:"hang" doc:"Act, then go on until cut off."`
	Hold   bool   `json:"hold" doc:"Act, then wait until the ledger lets it go."`
}

type actOut struct {
	Value any `json:"value" doc:"The value given, or the text."`
}

// registry has the real nodes that steer and one that acts on the ledger.
func (j *job) registry() (*node.Registry, error) {
	classes := map[string]node.Effect{"read": node.Read, "idempotent": node.Idempotent, "once": node.Once}
	act, err := node.DefOf(node.Spec[actIn, actOut]{
		Type: "crash.act", Title: "Act", Doc: "Acts on the ledger.", Effect: node.Once,
		EffectOf: func(in actIn) node.Effect { return classes[in.Effect] },
		Run: func(ctx context.Context, env *node.Env, in actIn) (actOut, error) {
			e := entry{Kind: "visit", Run: env.Run.ID, Token: env.Token, Path: env.Run.Path, Try: env.Run.Attempt, Effect: in.Effect, Life: j.Life}
			if _, err := j.tell("tell", e); err != nil {
				return actOut{}, err
			}
			if in.File {
				dir, err := env.TempDir()
				if err != nil {
					return actOut{}, err
				}
				if err := os.WriteFile(filepath.Join(dir, "left"), []byte("x"), 0o600); err != nil {
					return actOut{}, err
				}
			}
			if in.Fail || in.FailIn != "" && strings.Contains(env.Run.Path, in.FailIn) || env.Run.Attempt <= in.Tries {
				return actOut{}, node.Fail(node.KindNetwork, "the world said no", "")
			}
			e.Kind = "effect"
			if _, err := j.tell("tell", e); err != nil {
				return actOut{}, err
			}
			if in.Hang {
				<-ctx.Done()
				return actOut{}, ctx.Err()
			}
			if in.Hold {
				if _, err := j.tell("hold", nil); err != nil {
					return actOut{}, err
				}
			}
			if in.Size > 0 {
				return actOut{Value: strings.Repeat("x", in.Size)}, nil
			}
			return actOut{Value: in.Value}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return node.Default.With(act), nil
}

// patience is how long a victim may take; a test that waits longer has hung.
const patience = 60 * time.Second
