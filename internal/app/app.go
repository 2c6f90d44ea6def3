// Package app is the only place where the parts meet: from a configuration it
// opens the database, the stores, the durable engine and the robot, in the
// order they need each other, and closes them in the other.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/advise"
	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/config"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/dbosrt"
	"github.com/aether-rpa/aether/internal/egress"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/item"
	"github.com/aether-rpa/aether/internal/leftover"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/internal/tally"
	"github.com/aether-rpa/aether/internal/telemetry"
	"github.com/aether-rpa/aether/internal/worker"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/vault"
	"github.com/aether-rpa/aether/workspace"
)

// Options are what a System is made from besides its configuration.
type Options struct {
	Config *config.Config
	Nodes  *node.Registry
	Log    *slog.Logger
	Host   string // name of this machine
	PID    int
	// Executable is this program, to start script workers from.
	Executable string
	// Lookup and Environ are the environment of this process.
	Lookup  func(string) (string, bool)
	Environ []string
	Version string
	// Settings are those in effect, masked, for people who look.
	Settings []config.Value
	Stderr   io.Writer // what the console exporters of telemetry write to
	// Observe is told of all that happens in runs; see robot.Robot.
	Observe func(*run.Run, engine.Event)
	// Ask puts questions to the person who attends; nil if nobody does.
	Ask func(context.Context, *run.Run, engine.Wait) (question.Answer, error)
	// Attend is Ask for a run that is paused.
	Attend    func(context.Context, *run.Run, engine.Wait) (engine.Command, error)
	ParkAfter time.Duration
	// HoldPaused and HoldLive are those of engine.Options; Open sets what is usual,
	// which may be changed before Start.
	HoldPaused, HoldLive time.Duration
	// KeepTraces is when traces are kept of all runs of this process, whatever flows and settings say; "" leaves it to
	// them.
	KeepTraces string
}

// System is an open Aether. The store parts are there after Open, the
// durable engine and the robot after Start.
type System struct {
	Options
	DB        *db.DB
	Runs      *run.Store
	Queue     *queue.Queue
	Auth      *auth.Store
	Items     *item.Store
	Elements  *element.Store
	Secrets   *secret.Store
	Artifacts artifact.Store
	Durable   durable.Runtime
	Robot     *robot.Robot
	Orch      *orch.Orch
	Telemetry *telemetry.Telemetry
	// Left is what runs had left behind when this process began, and is gone.
	Left []leftover.Leak

	// shared is what robots without a database may read: not the environment of
	// this process.
	shared  vault.Chain
	pool    *browser.Pool // of the robot of this process
	people  atomic.Int64  // browsers that were opened for people
	looking sync.Mutex    // held while pages of past runs are looked at
	// browserProxy is what browsers load pages through; nil until one does, and if they may reach everything.
	browserProxy atomic.Pointer[egress.Proxy]
	listens      atomic.Pointer[string] // where the server of this process listens
	keepVault    func()                 // ends the renewal of the token for Vault; nil if there is none
}

// How long a paused run stays with its process, so that the next step need not
// walk the records again, nor build a browser again; see engine.Options.
const (
	holdPaused = 15 * time.Second
	holdLive   = 2 * time.Minute
)

// ErrSetting says that a setting which is not part of config.Config is wrong.
var ErrSetting = errors.New("a setting is wrong")

// Open opens the database and the stores.
func Open(ctx context.Context, o Options) (*System, error) {
	tel, err := telemetry.Start(ctx, telemetry.Options{Lookup: o.Lookup, Version: o.Version, Host: o.Host, Log: o.Log, Console: o.Stderr})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSetting, err)
	}
	o.Log = slog.New(tel.Handler(o.Log.Handler()))
	d, err := db.Open(ctx, o.Config.Database.URL.Reveal(), db.Options{Schema: o.Config.Database.Schema, MaxConns: o.Config.Database.MaxConns, Tracer: tel.QueryTracer()})
	if err != nil {
		return nil, errors.Join(err, tel.Close(ctx))
	}
	run.SetHost(o.Host)
	o.HoldPaused, o.HoldLive = holdPaused, holdLive
	s := &System{Options: o, DB: d, Telemetry: tel, Runs: run.NewStore(d, nil), Artifacts: disk.Open(filepath.Join(o.Config.DataDir, "artifacts"))}
	s.Queue, s.Items, s.Auth, s.Elements = queue.New(d), item.New(d), auth.NewStore(d), element.New(d)
	s.Elements.Tally = s.Queue.Tally
	s.Secrets = secret.New(d, SecretKeys(o))
	s.Orch = &orch.Orch{Runs: s.Runs, Queue: s.Queue, Items: s.Items, Elements: s.Elements, DB: d, Nodes: o.Nodes, Artifacts: s.Artifacts, Now: time.Now, Random: rand.Reader}
	s.Orch.SessionKey, s.Orch.Owner = s.sessionKey, run.Self(o.Host, o.PID)
	s.Orch.PublicURL = s.publicURL
	if tel.Tracing() {
		s.Orch.Trace = tel.Added
	}
	tel.Watch(&telemetry.Figures{Counts: s.counts})
	return s, nil
}

var executorRE = regexp.MustCompile(`[^a-z0-9_-]+`)

// Start opens the durable engine and makes the robot. Resumes says whether
// runs that already began will be executed.
func (s *System) Start(ctx context.Context, resumes bool) error {
	id, err := run.NewID(time.Now(), rand.Reader)
	if err != nil {
		return err
	}
	// The executor's name tells which process it was, so that what a killed one
	// left in the database can be told from what a live one uses.
	owner := strings.Split(run.Self(s.Host, s.PID), "/") // host, process id, start time
	prefix := fmt.Sprintf("%.40s-", executorRE.ReplaceAllString(strings.ToLower(s.Host), "-"))
	rt, err := dbosrt.Open(ctx, dbosrt.Config{
		DB: s.DB, AppName: s.Config.AppName, Resumes: resumes, Log: s.Log,
		Executor: fmt.Sprintf("%s%d-%s-%s", prefix, s.PID, owner[2], id),
		Dead: func(executor string) bool {
			rest, ok := strings.CutPrefix(executor, prefix)
			p := strings.SplitN(rest, "-", 3)
			return ok && len(p) == 3 && run.Alive(owner[0]+"/"+p[0]+"/"+p[1]) == run.Dead
		},
	})
	if err != nil {
		return err
	}
	s.Durable, s.Orch.Durable = rt, rt
	secrets, err := s.vault(ctx)
	if err != nil {
		return err
	}
	roots, err := workspace.New(s.Config.Files.Roots...)
	if err != nil {
		return err
	}
	s.Robot = &robot.Robot{
		Runs: s.Runs, Items: s.Items, Elements: s.Elements, Heal: s.Config.Heal.Policy, Durable: rt, Nodes: s.Nodes, Store: s.Artifacts, Vault: secrets, Log: s.Log,
		Owner: run.Self(s.Host, s.PID), Work: leftover.At(s.Config.WorkDir(), run.Self(s.Host, s.PID)), ParkAfter: s.ParkAfter, Live: s.Runs, Keep: robot.TraceKeep{Default: s.Config.Trace.Keep, Forced: s.KeepTraces}, Observe: s.Observe, Ask: s.Ask, Attend: s.Attend, HoldPaused: s.HoldPaused, HoldLive: s.HoldLive, Trace: s.Telemetry.Trace, WrapLog: s.Telemetry.Log, Now: time.Now,
		Env: node.Env{
			Files: roots, Artifacts: s.Artifacts, HTTP: egress.Client(s.egress()), Dial: egress.Dialer(s.egress()), Environ: cleanEnviron(s.Environ), Rand: rand.Reader,
			Worker: worker.NewRunner(worker.Config{Path: s.Executable, Args: []string{"script-worker"}, Memory: s.Config.Script.Memory, Timeout: s.Config.Script.Timeout}),
		},
	}
	s.Robot.Adviser = s.adviser(secrets)
	s.Left = s.Robot.SweepFolders(ctx)
	s.pool = s.browsers()
	s.Robot.Sessions = map[string]session.Provider{"web": s.pool}
	s.Robot.SessionKey = s.sessionKey
	s.Robot.AnswerLink = s.Orch.FlowLink
	return nil
}

// adviser is the model that the settings name, nil if they name none.
func (s *System) adviser(secrets vault.Reader) node.Adviser {
	c := s.Config.Heal.Model
	if c.URL == "" {
		return nil
	}
	m := &advise.Model{URL: c.URL, Name: c.Name, HTTP: egress.Client(s.egress()), Timeout: c.Timeout}
	if c.Key != "" {
		m.Key = func(ctx context.Context) (vault.Secret, error) { return secrets.Get(ctx, c.Key) }
	}
	return m
}

// counts returns what was counted in this process.
func (s *System) counts(context.Context) (*tally.Counts, error) { return s.Queue.Tally.Counts(), nil }

// API returns the HTTP door to the system. Secure says that people reach it by
// HTTPS.
func (s *System) API(secure bool) (*api.Server, error) {
	// Whoever has a door speaks for the fleet.
	counts := s.Queue.Board().Counts // of one board: what it takes no other gets
	scraper, err := telemetry.NewScraper(telemetry.Figures{Counts: counts, Stats: s.Queue.Stats})
	if err != nil {
		return nil, err
	}
	s.Telemetry.Watch(&telemetry.Figures{Counts: s.counts, Stats: s.Queue.Stats})
	door := &api.Server{DB: s.DB, Orch: s.Orch, Runs: s.Runs, Queue: s.Queue, Items: s.Items, Auth: s.Auth, Secrets: s.shared, Store: s.Secrets, Log: s.Log, Version: s.Version, Secure: secure, Metrics: scraper.Answer,
		Watch: queue.NewWatch(s.Queue, counts), Settings: settings(s.Settings), DataDir: s.Config.DataDir}
	if s.Telemetry.Tracing() {
		door.Trace = s.Telemetry.Request
	}
	return door, nil
}

// settings are those in effect for people who look; what is secret is masked in them.
func settings(all []config.Value) []api.Setting {
	out := make([]api.Setting, len(all))
	for i, v := range all {
		out[i] = api.Setting{Key: v.Key, Value: v.Display, Source: v.Source, Secret: v.Secret}
	}
	return out
}

func (s *System) egress() egress.Policy {
	return egress.Policy{Allow: s.Config.HTTP.Allow, Deny: s.Config.HTTP.Deny, AllowPrivate: s.Config.HTTP.AllowPrivate}
}

// cleanEnviron takes out what programs that a flow starts must not see:
// Aether's own settings, which may hold a database password, and secrets with
// what opens them.
func cleanEnviron(env []string) []string {
	out := make([]string, 0, len(env))
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		up := strings.ToUpper(name)
		if strings.HasPrefix(up, "AETHER_") || strings.HasPrefix(up, "DBOS_") || strings.HasPrefix(up, "SUPABASE_") || strings.HasPrefix(up, "OTEL_EXPORTER_OTLP_") && strings.HasSuffix(up, "HEADERS") || up == "DB_PASSWORD" || up == "PGPASSWORD" || up == "VAULT_TOKEN" || up == "VAULT_ROLE_ID" || up == "VAULT_SECRET_ID" {
			continue
		}
		out = append(out, e)
	}
	return out
}

// Close stops what Start and Open began.
func (s *System) Close() error {
	var errs []error
	s.leaveFigures() // before the durable engine, which closes connections of the database
	if s.keepVault != nil {
		s.keepVault()
	}
	if s.Durable != nil {
		errs = append(errs, s.Durable.Close(10*time.Second))
	}
	if s.pool != nil {
		errs = append(errs, s.pool.Close())
	}
	if p := s.browserProxy.Load(); p != nil {
		errs = append(errs, p.Close())
	}
	s.DB.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Telemetry.Close(ctx); err != nil {
		// A lost export must not fail the command that did its work.
		s.Log.Warn("sending telemetry", "err", err)
	}
	return errors.Join(errs...)
}

// leaveFigures lets other orchestrators show what nobody was shown of this one, which of a command that has no door is
// all that it counted, and telemetry ask the database no more.
func (s *System) leaveFigures() {
	s.Telemetry.Watch(&telemetry.Figures{Counts: s.counts})
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Queue.HandTally(ctx); err != nil {
		s.Log.Warn("telling what was counted", "err", err)
	}
}
