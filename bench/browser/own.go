package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/selector"
)

// own is Aether's driver, with everything on that a flow has: it waits until a person could act, and verifies.
type own struct {
	b       *bench
	br      browser.Browser
	ctx     browser.Context
	page    *browser.Page
	profile string
}

func (o *own) name() string { return "Aether" }

// alone is what it is called beside flows.
func (o *own) alone() string { return "Aether's driver alone" }

func (o *own) start(ctx context.Context) (err error) {
	if o.profile, err = os.MkdirTemp(o.b.dir, "own-"); err != nil {
		return err
	}
	if o.br, err = (cdp.Driver{}).Launch(ctx, browser.Launch{Path: o.b.path, Profile: o.profile, Headless: true, NoSandbox: root, Env: os.Environ()}); err != nil {
		return err
	}
	if o.ctx, err = o.br.Open(ctx, browser.Options{}); err != nil {
		return err
	}
	t, err := o.ctx.NewTab(ctx)
	if err != nil {
		return err
	}
	o.page = browser.NewPage(t)
	return nil
}

func (o *own) open(ctx context.Context, url string) error {
	_, err := o.page.Goto(ctx, url, browser.Loaded)
	return err
}

// targets are parsed once, as those of a flow are.
var targets = map[string]selector.Target{}

func target(id string) selector.Target {
	t, ok := targets[id]
	if !ok {
		t = selector.Must("css=#" + id)
		targets[id] = t
	}
	return t
}

func (o *own) click(ctx context.Context, id string) error {
	_, err := o.page.Click(ctx, target(id), browser.Click{})
	return err
}

func (o *own) text(ctx context.Context, id string) (string, error) {
	return o.page.Text(ctx, target(id))
}

func (o *own) fill(ctx context.Context, id, text string) error {
	_, err := o.page.Fill(ctx, target(id), text)
	return err
}

func (o *own) value(ctx context.Context, id string) (string, error) {
	return o.page.Text(ctx, target(id))
}

func (o *own) table(ctx context.Context) ([][]string, error) {
	raw, _, err := o.page.Read(ctx, target("t"), "table", "")
	if err != nil {
		return nil, err
	}
	var t struct{ Rows [][]string }
	if err := json.Unmarshal(raw, &t); err != nil {
		return nil, fmt.Errorf("the rows of the table: %w", err)
	}
	return t.Rows, nil
}

func (o *own) close() error {
	if o.br == nil {
		return nil
	}
	err := o.br.Close()
	o.br = nil
	_ = os.RemoveAll(o.profile)
	return err
}
