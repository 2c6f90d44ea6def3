package orch_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/durable/memrt"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/leftover"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/flowctl"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/vault"
)

// pressIn are the params of a node that presses an element of a page that only the test knows.
type pressIn struct {
	Target selector.Target `json:"target" is:"required" doc:"What to press."`
}

type pressOut struct {
	Pressed string `json:"pressed" doc:"Id of what was pressed."`
}

// page is what the node presses elements of: their ids, each with its print.
type page struct {
	mu      sync.Mutex
	ids     map[string]selector.Print
	pressed []string
	policy  string                // of the last press
	between func(tries int) error // called between the report and the press
	tries   int
}

func (p *page) press(ctx context.Context, env *node.Env, in pressIn) (pressOut, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	p.policy = env.Elements.Policy()
	target := in.Target.String()
	id := in.Target.Queries[0].Value
	if seen, ok := p.ids[id]; ok {
		p.pressed = append(p.pressed, id)
		return pressOut{id}, env.Elements.Saw(ctx, target, seen)
	}
	known, ok, err := env.Elements.Known(ctx, target)
	if err != nil {
		return pressOut{}, err
	}
	said, err := env.Elements.Judged(ctx, target)
	if err != nil {
		return pressOut{}, err
	}
	for now, print := range p.ids {
		if !ok || known.Name != print.Name || len(said.Rejected) > 0 && said.Rejected[0].ID == print.ID {
			continue
		}
		h := node.Heal{Target: in.Target, Outcome: element.Healed, P: .95, Before: known, Found: &print, Repaired: selector.Must("id=" + now)}
		if err := env.Elements.Healed(ctx, h); err != nil {
			return pressOut{}, err
		}
		if p.between != nil {
			if err := p.between(p.tries); err != nil {
				return pressOut{}, err
			}
		}
		p.pressed = append(p.pressed, now)
		return pressOut{now}, nil
	}
	return pressOut{}, node.Fail(node.KindNotFound, "nothing is there to be pressed as "+target, "")
}

func print(id string) selector.Print {
	return selector.Print{V: 1, Tag: "button", Role: "button", Name: "Send", Text: "Send", ID: id, Path: "/html[1]/body[1]/button[1]"}
}

// shop is an Aether whose flows press elements of a page.
type shop struct {
	*testing.T
	*page
	d     *db.DB
	o     *orch.Orch
	robot *robot.Robot
	file  string
}

func shops(t *testing.T, fn func(s *shop)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		s := &shop{T: t, page: &page{ids: map[string]selector.Print{}}, d: d, file: filepath.Join(t.TempDir(), "shop.flow.yaml")}
		def, err := node.DefOf(node.Spec[pressIn, pressOut]{Type: "page.press", Title: "Press", Doc: "Presses an element.", Effect: node.Idempotent, Run: s.press})
		if err != nil {
			t.Fatal(err)
		}
		reg := node.Default.With(def)
		rt, store, elements := memrt.New(), disk.Open(t.TempDir()), element.New(d)
		s.o = &orch.Orch{Runs: run.NewStore(d, nil), Queue: queue.New(d), Elements: elements, DB: d, Durable: rt, Nodes: reg, Artifacts: store, Now: time.Now, Random: rand.Reader}
		me := run.Self("test", os.Getpid())
		s.robot = &robot.Robot{Runs: s.o.Runs, Elements: elements, Durable: rt, Nodes: reg, Store: store, Vault: vault.Chain{}, Log: slog.New(slog.DiscardHandler), Owner: me, Work: leftover.At(t.TempDir(), me), Now: time.Now,
			Env: node.Env{Artifacts: store}}
		fn(s)
	})
}

const shopFlow = `aether: 1
name: shop # ours
settings: {heal: propose}
nodes:
# the last step
- id: send
  type: page.press
  params:
    target: id=old   # the green one
`

// write writes the flow file.
func (s *shop) write(text string) {
	s.Helper()
	if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) text() string {
	s.Helper()
	b, err := os.ReadFile(s.file)
	if err != nil {
		s.Fatal(err)
	}
	return string(b)
}

// start adds a run of the flow file.
func (s *shop) start() string {
	s.Helper()
	b, err := orch.Load(s.file, s.o.Nodes)
	if err == nil {
		err = s.o.Publish(s.Context(), b)
	}
	if err != nil {
		s.Fatal(err)
	}
	r, _, err := s.o.Start(s.Context(), b, "", nil)
	if err != nil {
		s.Fatal(err)
	}
	return r.ID
}

// goes executes a run and says what it is then.
func (s *shop) goes(ctx context.Context, id string) run.Status {
	s.Helper()
	r, err := s.robot.Execute(ctx, id, &engine.Counters{})
	if err != nil {
		s.Fatal(err)
	}
	if r.Interrupted {
		return "interrupted"
	}
	return r.Status
}

// told returns the events of elements in a run.
func (s *shop) told(id string) (out []string) {
	s.Helper()
	list, err := s.o.Runs.Events(s.Context(), id, 0, 1000)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Kind, robot.EventElement) {
			out = append(out, e.Kind+" "+e.Path)
		}
	}
	return out
}

func (s *shop) heals() []*element.Heal {
	s.Helper()
	list, err := s.o.Elements.List(s.Context(), element.Filter{})
	if err != nil {
		s.Fatal(err)
	}
	return list
}

// known runs the flow once so that its element is known, and changes the page.
func (s *shop) known() {
	s.Helper()
	s.write(shopFlow)
	s.ids["old"] = print("old")
	if got := s.goes(s.Context(), s.start()); got != run.Done {
		s.Fatalf("the first run is %s", got)
	}
	delete(s.ids, "old")
	s.ids["new"] = print("new")
}

// From the first run to the approved repair, in a file, and back.
func TestHealFile(t *testing.T) {
	shops(t, func(s *shop) {
		s.known()
		for i := range 2 {
			id := s.start()
			if got := s.goes(s.Context(), id); got != run.Done {
				s.Fatalf("run %d is %s", i, got)
			}
			if got := strings.Join(s.told(id), ","); got != "element.healed send" {
				s.Errorf("run %d told %q", i, got)
			}
		}
		list := s.heals()
		if len(list) != 1 || list[0].State != element.Proposed || list[0].Runs != 2 || list[0].Streak != 2 || list[0].Source != s.file || list[0].Policy != node.HealPropose {
			s.Fatalf("heals: %+v", list)
		}
		d := orch.HealDecision{Decision: element.Decision{ID: list[0].ID, By: "ada"}, Files: true}
		// Somebody has given the node another target.
		s.write(strings.Replace(shopFlow, "id=old", "id=mine", 1))
		if _, err := s.o.ApproveHeal(s.Context(), d); !errors.Is(err, run.ErrChanged) {
			s.Errorf("approved on a flow that was changed: %v", err)
		}
		s.write(shopFlow)
		h, err := s.o.ApproveHeal(s.Context(), d)
		if err != nil || h.State != element.Approved || h.Result != s.file {
			s.Fatalf("approved: %+v, %v", h, err)
		}
		if got, want := s.text(), strings.Replace(shopFlow, "id=old", "id=new", 1); got != want {
			s.Errorf("the file:\n%s\nwant\n%s", got, want)
		}
		id := s.start()
		if got := s.goes(s.Context(), id); got != run.Done || len(s.told(id)) != 0 || len(s.heals()) != 1 {
			s.Errorf("the run after the approval is %s and told %v", got, s.told(id))
		}
		if h, err = s.o.RollbackHeal(s.Context(), d); err != nil || h.State != element.RolledBack || s.text() != shopFlow {
			s.Errorf("rolled back: %+v, %v\n%s", h, err, s.text())
		}
		// A rejected element is not taken again.
		if _, err = s.o.RejectHeal(s.Context(), d); err != nil {
			s.Fatal(err)
		}
		if got := s.goes(s.Context(), s.start()); got != run.Failed || s.pressed[len(s.pressed)-1] != "new" || len(s.pressed) != 4 {
			s.Errorf("the run after the rejection is %s, pressed %v", got, s.pressed)
		}
	})
}

// A run that is cut short between the report and the press reports once, whatever of its journal was lost.
func TestHealOnce(t *testing.T) {
	shops(t, func(s *shop) {
		s.known()
		for _, lost := range []bool{false, true} {
			s.tries = 0
			ctx, cut := context.WithCancelCause(s.Context())
			s.between = func(tries int) error {
				if tries > 1 {
					return nil
				}
				cut(engine.ErrInterrupted)
				<-ctx.Done()
				return ctx.Err()
			}
			id := s.start()
			if got := s.goes(ctx, id); got != "interrupted" {
				s.Fatalf("the run is %s", got)
			}
			if lost {
				if _, err := s.d.Exec(s.Context(), `DELETE FROM {s}event WHERE run = $1 AND kind LIKE 'element.%'`, id); err != nil {
					s.Fatal(err)
				}
			}
			if got := s.goes(s.Context(), id); got != run.Done {
				s.Fatalf("the run is %s", got)
			}
			if got := strings.Join(s.told(id), ","); got != "element.healed send" {
				s.Errorf("lost %v: told %q", lost, got)
			}
			uses, err := s.o.Elements.Uses(s.Context(), id)
			if err != nil || len(uses) != 1 || uses[0].Open {
				s.Errorf("lost %v: uses %+v, %v", lost, uses, err)
			}
		}
		if list := s.heals(); len(list) != 1 || list[0].Runs != 2 || list[0].Streak != 2 {
			s.Errorf("heals: %+v", list)
		}
	})
}

func TestHealPolicy(t *testing.T) {
	shops(t, func(s *shop) {
		s.ids["old"] = print("old")
		for _, tt := range []struct{ setting, robot, want string }{{"", "", "propose"}, {"", "off", "off"}, {"run", "off", "run"}, {"off", "run", "off"}} {
			s.robot.Heal = tt.robot
			text := strings.Replace(shopFlow, "settings: {heal: propose}\n", "", 1)
			if tt.setting != "" {
				text = strings.Replace(shopFlow, "heal: propose", "heal: "+tt.setting, 1)
			}
			s.write(text)
			if got := s.goes(s.Context(), s.start()); got != run.Done || s.policy != tt.want {
				s.Errorf("setting %q, robot %q: %s, policy %q, want %q", tt.setting, tt.robot, got, s.policy, tt.want)
			}
		}
	})
}

// A heal in a flow that a pushed one calls changes what that one calls.
func TestHealCalled(t *testing.T) {
	shops(t, func(s *shop) {
		s.write(shopFlow)
		b, err := s.o.LoadFiles(s.Context(), map[string]string{"main.yaml": "aether: 1\nname: main\nnodes:\n- {id: sub, type: flow.call, params: {flow: shop.yaml}}\n", "shop.yaml": shopFlow}, "main.yaml", "")
		if err != nil || len(b.Problems.Errors()) > 0 {
			s.Fatal(err, b.Problems)
		}
		if _, err := s.o.Push(s.Context(), b, orch.Author{}, ""); err != nil {
			s.Fatal(err)
		}
		found := print("new")
		r, err := element.ReportOf(element.Place{Flow: "shop", Node: "send"}, "r", "sub/send", node.Heal{Target: selector.Must("id=old"), Outcome: element.Healed, Policy: node.HealPropose, P: .9, Before: print("old"), Found: &found, Repaired: selector.Must("id=new")}, nil)
		if err != nil {
			s.Fatal(err)
		}
		r.Root = "main"
		id, _, err := s.o.Elements.Report(s.Context(), r)
		if err != nil {
			s.Fatal(err)
		}
		h, err := s.o.ApproveHeal(s.Context(), orch.HealDecision{Decision: element.Decision{ID: id}})
		if err != nil {
			s.Fatal(err)
		}
		now, err := s.o.Published(s.Context(), "main", run.Draft)
		if err != nil {
			s.Fatal(err)
		}
		if now.Digest != b.Digest || len(now.Pins) != 1 || now.Pins[b.Digest+":shop.yaml"] != h.Result {
			s.Errorf("pins %v, heal %+v", now.Pins, h)
		}
		body, err := s.o.Runs.Flow(s.Context(), h.Result)
		if err != nil || !strings.Contains(body, "id=new") || strings.Contains(body, "id=old") {
			s.Errorf("%v: %s", err, body)
		}
	})
}

// The text of a flow that was pushed keeps its comments when a heal changes it,
// and stays what it was when the heal is in a flow that it calls.
func TestHealKeepsText(t *testing.T) {
	main := "# calls the shop\naether: 1\nname: main\nnodes:\n- {id: sub, type: flow.call, params: {flow: shop.yaml}}\n"
	text := "# why there is a shop\n" + shopFlow
	for _, c := range []struct{ name, path, want string }{
		{"main", "sub/send", main},
		{"shop", "send", strings.Replace(text, "id=old", "id=new", 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			shops(t, func(s *shop) {
				b, err := s.o.LoadFiles(s.Context(), map[string]string{"main.yaml": main, "shop.yaml": text}, c.name+".yaml", "")
				if err != nil || len(b.Problems.Errors()) > 0 {
					s.Fatal(err, b.Problems)
				}
				if _, err := s.o.Push(s.Context(), b, orch.Author{Name: "ada"}, ""); err != nil {
					s.Fatal(err)
				}
				found := print("new")
				r, err := element.ReportOf(element.Place{Flow: "shop", Node: "send"}, "r-"+c.name, c.path, node.Heal{Target: selector.Must("id=old"), Outcome: element.Healed, Policy: node.HealPropose, P: .9, Before: print("old"), Found: &found, Repaired: selector.Must("id=new")}, nil)
				if err != nil {
					s.Fatal(err)
				}
				r.Root = c.name
				id, _, err := s.o.Elements.Report(s.Context(), r)
				if err != nil {
					s.Fatal(err)
				}
				if _, err := s.o.ApproveHeal(s.Context(), orch.HealDecision{Decision: element.Decision{ID: id, By: "eve"}}); err != nil {
					s.Fatal(err)
				}
				now, err := s.o.Published(s.Context(), c.name, run.Draft)
				if err != nil {
					s.Fatal(err)
				}
				got, file, push, err := s.o.Text(s.Context(), now)
				if err != nil || got != c.want || file != c.name+".yaml" || push == nil {
					s.Errorf("%s: %v, %s: %s", c.name, err, file, got)
				}
				if c.name == "shop" && (push.Author != "eve" || !strings.Contains(push.Message, "send")) {
					s.Errorf("the push: %+v", push)
				}
			})
		})
	}
}
