package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/dbosrt"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/flowctl" // the nodes of the flows below
	_ "github.com/aether-rpa/aether/nodes/web"
	"github.com/aether-rpa/aether/session"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

// robot runs flows as a robot does: records in a database, sessions of browsers sealed into them.
type robot struct {
	dir   string
	d     *db.DB
	rt    durable.Runtime
	pool  *browser.Pool
	box   cipher.AEAD
	count int
	t     tally // of the last run
}

func (b *bench) robot(ctx context.Context) (*robot, error) {
	dir, err := os.MkdirTemp(b.dir, "robot-")
	if err != nil {
		return nil, err
	}
	r := &robot{dir: dir}
	r.pool = &browser.Pool{
		Driver: counting{cdp.Driver{}, &r.t}, Settings: browser.Settings{Path: b.path, Headless: true, NoSandbox: root}, Env: os.Environ(), Idle: time.Hour,
		Folder: func() (string, func(), error) {
			d, err := os.MkdirTemp(dir, "profile-")
			return d, func() { _ = os.RemoveAll(d) }, err
		},
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if r.box, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, err
	}
	if r.d, err = db.Open(ctx, "sqlite:"+filepath.Join(dir, "runs.db"), db.Options{}); err != nil {
		return nil, err
	}
	if r.rt, err = dbosrt.Open(ctx, dbosrt.Config{DB: r.d, AppName: "aether", Executor: "bench", Resumes: true, Log: slog.New(slog.DiscardHandler)}); err != nil {
		return nil, err
	}
	// The browser is started, as a robot's is after its first run.
	_, _, err = r.run(ctx, "aether: 1\nname: first\nnodes:\n- {id: go, type: web.goto, params: {url: 'about:blank'}}\n", true, nil)
	return r, err
}

func (r *robot) close() error {
	err := errors.Join(r.pool.Close(), r.rt.Close(5*time.Second))
	r.d.Close()
	return err
}

// host is what the engine needs around it for one run.
type host struct {
	store    *disk.Store
	sessions *session.Table
}

func (h host) Flow(context.Context, string) (*engine.Plan, error) { return nil, errors.New("none") }
func (h host) Env(info node.RunInfo, token string) *node.Env {
	return &node.Env{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Run: info, Token: token, Artifacts: h.store, Sessions: h.sessions, Now: time.Now}
}
func (h host) Secret(context.Context, string) (vault.Secret, error) {
	return vault.Secret{}, vault.ErrNotFound
}
func (h host) Messages(context.Context, string) ([]engine.Message, error) { return nil, nil }
func (h host) Store() value.Sink                                          { return h.store }
func (h host) Emit(engine.Event)                                          {}
func (h host) Mask(v any) any                                             { return v }
func (h host) Sessions() *session.Table                                   { return h.sessions }

// run executes a flow to its end and returns how long that took in milliseconds, and how many nodes were recorded.
// check, if given, looks at the page before the session ends.
func (r *robot) run(ctx context.Context, src string, sealed bool, check func(*browser.Page) error) (float64, int64, error) {
	f, err := flow.Decode([]byte(src))
	if err != nil {
		return 0, 0, err
	}
	p, err := engine.Compile(f, node.Default)
	if err != nil {
		return 0, 0, err
	}
	r.count++
	id := fmt.Sprint("bench-", r.count)
	folder := filepath.Join(r.dir, id)
	c := session.Config{Providers: map[string]session.Provider{"web": r.pool}, Folder: func() (string, error) { return folder, os.MkdirAll(folder, 0o700) }}
	if sealed {
		c.Seal = func(s []byte) ([]byte, error) { return r.box.Seal(nil, nil, s, []byte(id)), nil } //nolint:gosec // it makes a random nonce each time
		c.Unseal = func(s []byte) ([]byte, error) { return r.box.Open(nil, nil, s, []byte(id)) }
	}
	h := host{disk.Open(filepath.Join(r.dir, "artifacts")), session.New(c)}
	var count engine.Counters
	r.t = tally{}
	start := time.Now()
	_, err = r.rt.Run(ctx, id, func(ctx context.Context, log durable.Log) ([]byte, error) {
		res, err := engine.Execute(ctx, p, measuredLog{log, &r.t}, h, engine.Options{RunID: id, Now: time.Now, Started: start, Input: map[string]any{}}, &count)
		if err == nil && res.Failure != nil {
			err = res.Failure
		}
		return []byte("{}"), err
	})
	v := took(start)
	if err == nil && check != nil {
		err = look(ctx, h.sessions, check)
	}
	return v, count.Recorded.Load(), errors.Join(err, h.sessions.Close(), os.RemoveAll(folder))
}

// commits makes bare commits of one row in the same database.
func (r *robot) commits(ctx context.Context, n int) error {
	if _, err := r.d.SQL.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS bench_bare (n INTEGER PRIMARY KEY, data TEXT)"); err != nil {
		return err
	}
	for range n {
		if _, err := r.d.SQL.ExecContext(ctx, "INSERT INTO bench_bare (data) VALUES ($1)", `{"out":{"n":1},"s":1,"e":2,"def":"0011223344556677","fx":"read"}`); err != nil {
			return err
		}
	}
	return nil
}

func look(ctx context.Context, t *session.Table, check func(*browser.Page) error) error {
	s, err := session.Get[*browser.Session](ctx, t, "web", "browser")
	if err != nil {
		return err
	}
	p, err := s.Page()
	if err != nil {
		return err
	}
	return check(p)
}

// turns is a flow that opens a page and does a pair of nodes n times; write and read are the nodes as YAML.
func (b *bench) turns(path, write, read string) string {
	return fmt.Sprintf(`aether: 1
name: turns
nodes:
- {id: go, type: web.goto, params: {url: %q}}
- {id: turn, type: flow.repeat, params: {times: %d}}
- %s
- %s
edges: [go -> turn, turn.body -> write, write -> read]
`, b.url+path, b.n, write, read)
}

// flow compares clicks and fills as nodes of a flow with the same of the driver alone.
func (b *bench) flow(ctx context.Context) (err error) {
	r, err := b.robot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	o := &own{b: b}
	if err := o.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	return errors.Join(b.clickFlow(ctx, r, o), b.fillFlow(ctx, r, o))
}

// durableAim is how many times as long as the driver alone a flow may take that is recorded on SQLite.
const durableAim = 1.5

// nodes measures a flow, and says what a turn of it costs.
func (b *bench) nodes(r *robot, src string, sealed bool, said *string, check func(context.Context, *browser.Page) error) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		v, n, err := r.run(ctx, src, sealed, func(p *browser.Page) error { return check(ctx, p) })
		if err == nil && n != int64(2*b.n+1) {
			err = fmt.Errorf("%d nodes were recorded", n)
		}
		if said != nil {
			*said = r.t.per(b.n)
		}
		return v, err
	}
}

func (b *bench) clickFlow(ctx context.Context, r *robot, o *own) error {
	said := ""
	shows := func(ctx context.Context, p *browser.Page) error {
		if s, err := p.Text(ctx, target("n")); err != nil || s != strconv.Itoa(b.n) {
			return fmt.Errorf("after %d presses it shows %q (%w)", b.n, s, err)
		}
		return nil
	}
	src := func(params string) string {
		return b.turns("/click", `{id: write, type: web.click, params: {target: "css=#b"`+params+`}}`, `{id: read, type: web.get_text, params: {target: "css=#n"}}`)
	}
	alone := func(ctx context.Context) (float64, error) {
		start := time.Now()
		err := o.open(ctx, b.url+"/click")
		if err == nil {
			err = clicks(ctx, o, b.n, "b")
		}
		return took(start), err
	}
	if err := b.compare(ctx, fmt.Sprintf("%d × click and read as nodes of a flow, recorded on SQLite", b.n), b.rounds, aims{o.alone(): durableAim}, []cell{
		{"the flow", b.nodes(r, src(""), true, &said, shows)},
		{o.alone(), alone},
		{"the driver alone and a bare commit for each click", func(ctx context.Context) (float64, error) {
			v, err := alone(ctx)
			start := time.Now()
			if err == nil {
				err = r.commits(ctx, b.n)
			}
			return v + took(start), err
		}},
		{"the flow, clicks repeatable (no record of intent)", b.nodes(r, src(", repeatable: true"), true, nil, shows)},
		{"the flow, without the state of its session", b.nodes(r, src(""), false, nil, shows)},
	}); err != nil {
		return err
	}
	b.note("A click and a read as nodes of a flow cost %s. The floor is one commit for each node that acts: before it acts, all before it is on the disk.", said)
	return nil
}

func (b *bench) fillFlow(ctx context.Context, r *robot, o *own) error {
	said := ""
	holds := func(ctx context.Context, p *browser.Page) error {
		if s, err := p.Text(ctx, target("f")); err != nil || s != fmt.Sprint("value ", b.n-1) {
			return fmt.Errorf("after %d fills it holds %q (%w)", b.n, s, err)
		}
		return nil
	}
	src := b.turns("/fill", `{id: write, type: web.fill, params: {target: "css=#f", value: "value {{ loop.index }}"}}`, `{id: read, type: web.get_text, params: {target: "css=#f"}}`)
	if err := b.compare(ctx, fmt.Sprintf("%d × fill and read as nodes of a flow, recorded on SQLite", b.n), b.rounds, aims{o.alone(): durableAim}, []cell{
		{"the flow", b.nodes(r, src, true, &said, holds)},
		{o.alone(), func(ctx context.Context) (float64, error) {
			start := time.Now()
			err := o.open(ctx, b.url+"/fill")
			if err == nil {
				err = fills(ctx, o, b.n)
			}
			return took(start), err
		}},
	}); err != nil {
		return err
	}
	b.note("A fill and a read as nodes of a flow cost %s.", said)
	return nil
}
