//go:build unix

package webcrash

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/config"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/testsite/acme"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/flowctl"
	_ "github.com/aether-rpa/aether/nodes/web"
)

// orders is the variable that makes this binary a robot to be killed.
const orders = "AETHER_WEBCRASH_VICTIM"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(orders); ok {
		var j job
		if err := json.Unmarshal([]byte(text), &j); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		res, err := j.execute(context.Background())
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(res)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// job is what a robot is to do.
type job struct {
	Dir  string
	Flow string
	Site string
	// When and Name are the record before or after which it dies; none for never.
	When, Name string
	// Browser says that its browser is killed there and not the robot; Both, that it dies with its browser.
	Browser, Both bool
	// Choice is the answer if the run asks what to do about a node that was interrupted.
	Choice string
	Inputs map[string]any
	// Make is the browser's; "" is Chromium.
	Make string
	// Run is the id of the run, "order" if there is none. Clean cancels all other runs first, and removes what killed
	// robots left, as a robot does that starts.
	Run   string
	Clean bool
}

// result is what a robot tells that was not killed.
type result struct {
	Status  run.Status
	Failure *node.Failure
	Names   []string // of the records
	Asked   []string // paths of the nodes it asked about
	Output  json.RawMessage
}

func (j *job) execute(ctx context.Context) (res *result, err error) {
	s, err := app.Open(ctx, app.Options{
		Config: &config.Config{
			DataDir: j.Dir, AppName: "webcrash", Files: config.Files{Roots: []string{j.Dir}},
			Database: config.Database{URL: config.Secret("sqlite:" + j.Dir + "/aether.db"), Kind: config.KindSQLite, Schema: "aether", MaxConns: 5},
			Browser:  config.Browser{Make: j.Make, Headless: true}, HTTP: config.HTTP{AllowPrivate: true},
		},
		Nodes: node.Default, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), Host: "webcrash", PID: os.Getpid(),
		Environ: os.Environ(),
		Lookup: func(name string) (string, bool) {
			switch name {
			case "AETHER_SECRET_PASSWORD":
				return j.password(), true
			case "AETHER_SECRET_CODE":
				code, err := totp.GenerateCode(acme.TOTPSecret, time.Now())
				return code, err == nil
			}
			return "", false
		},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	b, err := orch.Load(j.Flow, s.Nodes)
	if err != nil {
		return nil, err
	}
	if err := s.Orch.Publish(ctx, b); err != nil {
		return nil, err
	}
	r, _, err := s.Orch.Start(ctx, b, cmp.Or(j.Run, "order"), j.inputs())
	if err != nil {
		return nil, err
	}
	if err := s.Start(ctx, true); err != nil {
		return nil, err
	}
	if j.Clean {
		list, err := s.Runs.List(ctx, run.Filter{Limit: 1000})
		if err != nil {
			return nil, err
		}
		for _, other := range list {
			if other.ID == r.ID || other.Status.Final() {
				continue
			}
			if _, err := s.Orch.CancelRun(ctx, other.ID); err != nil {
				return nil, err
			}
		}
		s.Robot.Sweep(ctx)
	}
	res = &result{}
	durable.Failpoint = func(when, name string) {
		if when == "after" {
			res.Names = append(res.Names, name)
		}
		if when != j.When || name != j.Name {
			return
		}
		if j.Browser || j.Both {
			killBrowsers()
		}
		if j.Browser {
			return
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	for {
		if r, err = s.Robot.Execute(ctx, r.ID, &engine.Counters{}); err != nil {
			return nil, err
		}
		if r.Status.Final() {
			break
		}
		waits, err := orch.Waits(r)
		if err != nil {
			return nil, err
		}
		if len(waits) == 0 {
			return nil, fmt.Errorf("the run is %s and waits for nothing", r.Shown())
		}
		for _, w := range waits {
			res.Asked = append(res.Asked, w.Kind+" "+w.Path)
			if w.Kind != "interrupted" || len(res.Asked) > 5 {
				return nil, fmt.Errorf("it asks %s at %s", w.Question, w.Path)
			}
			if _, err := s.Orch.AnswerText(ctx, r.ID, w.Path, j.Choice, "", "test"); err != nil {
				return nil, err
			}
		}
	}
	res.Status, res.Failure, res.Output = r.Status, r.Failure, r.Output
	return res, nil
}

func (j *job) inputs() map[string]any {
	in := map[string]any{"site": j.Site}
	maps.Copy(in, j.Inputs)
	return in
}

// password is that of the site: the flow of a day in the office is for Acme.
func (j *job) password() string {
	if len(j.Inputs) > 0 {
		return "practice-1"
	}
	return "opensesame"
}

// killBrowsers kills the browsers that this process has started, as they would die by themselves.
func killBrowsers() {
	out, err := exec.Command("pgrep", "-P", fmt.Sprint(os.Getpid())).Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, "no browser to kill:", err)
	}
	for pid := range bytes.FieldsSeq(out) {
		var n int
		if _, err := fmt.Sscan(string(pid), &n); err == nil {
			_ = syscall.Kill(-n, syscall.SIGKILL)
		}
	}
}

// patience is how long a robot may take; one that takes longer hangs.
const patience = 90 * time.Second

// live runs a robot; killed says that it was.
func (j job) live(t *testing.T) (res *result, killed bool) {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), orders+"="+string(text))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL && ctx.Err() == nil {
		return nil, true
	}
	if err != nil {
		t.Fatalf("the robot failed: %v\n%s", err, errs.String())
	}
	res = &result{}
	if err := json.Unmarshal(out.Bytes(), res); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
	if errs.Len() > 0 {
		t.Log(errs.String())
	}
	return res, false
}
