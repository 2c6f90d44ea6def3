package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/chromedp/chromedp"
	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// dp is chromedp as its documentation shows it: Click waits until the element can be seen, and neither until it is
// enabled nor until nothing covers it.
type dp struct {
	b    *bench
	ctx  context.Context //nolint:containedctx // chromedp keeps the browser and the tab in it
	stop []func()
}

func (d *dp) name() string { return "chromedp" }

func (d *dp) start(ctx context.Context) error {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(d.b.path))
	if root {
		opts = append(opts, chromedp.NoSandbox)
	}
	a, stop := chromedp.NewExecAllocator(ctx, opts...)
	c, end := chromedp.NewContext(a)
	d.ctx, d.stop = c, []func(){end, stop}
	return chromedp.Do(c, chromedp.Navigate("about:blank"))
}

func (d *dp) open(_ context.Context, url string) error {
	return chromedp.Do(d.ctx, chromedp.Navigate(url))
}

func (d *dp) click(_ context.Context, id string) error {
	return chromedp.Do(d.ctx, chromedp.Click(chromedp.CSS("#"+id)))
}

func (d *dp) text(_ context.Context, id string) (string, error) {
	return chromedp.Run(d.ctx, chromedp.Text(chromedp.CSS("#"+id)))
}

// fill empties by a script: Clear takes the attribute away and leaves what was typed, and SetValue sets no empty value.
func (d *dp) fill(_ context.Context, id, text string) error {
	return chromedp.Do(d.ctx, chromedp.Evaluate[chromedp.Void]("document.getElementById("+quote(id)+").value = ''"), chromedp.SendKeys(chromedp.CSS("#"+id), text))
}

func (d *dp) value(_ context.Context, id string) (string, error) {
	return chromedp.Run(d.ctx, chromedp.Value(chromedp.CSS("#"+id)))
}

func (d *dp) table(context.Context) ([][]string, error) {
	return chromedp.Run(d.ctx, chromedp.Evaluate[[][]string](rowsScript))
}

func (d *dp) close() error {
	if d.ctx == nil {
		return nil
	}
	err := chromedp.Cancel(d.ctx)
	for _, f := range d.stop {
		f()
	}
	d.ctx = nil
	return err
}

// rd is rod.
type rd struct {
	b    *bench
	l    *launcher.Launcher
	br   *rod.Browser
	page *rod.Page
}

func (r *rd) name() string { return "rod" }

func (r *rd) start(ctx context.Context) error {
	r.l = launcher.New().Bin(r.b.path).Headless(true).Leakless(false).NoSandbox(root)
	url, err := r.l.Launch()
	if err != nil {
		return err
	}
	r.br = rod.New().ControlURL(url)
	if err := r.br.Connect(); err != nil {
		return err
	}
	r.page, err = r.br.Page(proto.TargetCreateTarget{URL: "about:blank"})
	return err
}

func (r *rd) open(_ context.Context, url string) error {
	if err := r.page.Navigate(url); err != nil {
		return err
	}
	return r.page.WaitLoad()
}

func (r *rd) click(_ context.Context, id string) error {
	e, err := r.page.Element("#" + id)
	if err != nil {
		return err
	}
	return e.Click(proto.InputMouseButtonLeft, 1)
}

func (r *rd) text(_ context.Context, id string) (string, error) {
	e, err := r.page.Element("#" + id)
	if err != nil {
		return "", err
	}
	return e.Text()
}

func (r *rd) fill(_ context.Context, id, text string) error {
	e, err := r.page.Element("#" + id)
	if err != nil {
		return err
	}
	if err := e.SelectAllText(); err != nil {
		return err
	}
	if text == "" {
		return r.page.Keyboard.Type(input.Delete)
	}
	return e.Input(text)
}

func (r *rd) value(ctx context.Context, id string) (string, error) { return r.text(ctx, id) }

func (r *rd) table(context.Context) ([][]string, error) {
	v, err := r.page.Eval("() => " + rowsScript)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	return rows, v.Value.Unmarshal(&rows)
}

func (r *rd) close() error {
	if r.br == nil {
		return nil
	}
	err := r.br.Close()
	r.l.Cleanup()
	r.br = nil
	return err
}

// pw is Playwright, driven by a script of its own in node: a loop runs there as a whole and says how long it took, so
// that nothing of what goes between the two programs is counted.
type pw struct {
	b    *bench
	cmd  *exec.Cmd
	in   *json.Encoder
	out  *json.Decoder
	pipe interface{ Close() error }
}

func (p *pw) name() string { return "Playwright" }

// install puts Playwright into a folder; the sentence says why it is left out, "" if it is not.
func (b *bench) install(ctx context.Context) string {
	for _, need := range []string{"node", "npm"} {
		if _, err := exec.LookPath(need); err != nil {
			return "Playwright is left out: " + need + " is not on this machine."
		}
	}
	b.node = filepath.Join(b.dir, "playwright")
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", b.node, "--no-audit", "--no-fund", "--ignore-scripts", "playwright-core@"+playwright)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("Playwright is left out: npm could not install it (%v: %.200s).", err, out)
	}
	if err := os.WriteFile(filepath.Join(b.node, "drive.js"), []byte(driveScript), 0o600); err != nil {
		return "Playwright is left out: " + err.Error()
	}
	return ""
}

func (p *pw) node() error {
	if p.cmd != nil {
		return nil
	}
	p.cmd = exec.Command("node", filepath.Join(p.b.node, "drive.js"))
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.in, p.out, p.pipe = json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out)), in
	return p.cmd.Start()
}

// ask has the script do something and returns how many milliseconds it took there.
func (p *pw) ask(do string, args map[string]any) (float64, error) {
	if err := p.node(); err != nil {
		return 0, err
	}
	m := map[string]any{"do": do}
	for k, v := range args {
		m[k] = v
	}
	if err := p.in.Encode(m); err != nil {
		return 0, err
	}
	var a struct {
		Ms    float64
		Error string
	}
	if err := p.out.Decode(&a); err != nil {
		return 0, err
	}
	if a.Error != "" {
		return 0, errors.New(a.Error)
	}
	return a.Ms, nil
}

func (p *pw) start(context.Context) error {
	_, err := p.ask("launch", map[string]any{"path": p.b.path, "sandbox": !root})
	return err
}

func (p *pw) open(_ context.Context, url string) error {
	_, err := p.ask("open", map[string]any{"url": url})
	return err
}

func (p *pw) close() error {
	if p.cmd == nil {
		return nil
	}
	_, err := p.ask("close", nil)
	err = errors.Join(err, p.pipe.Close(), p.cmd.Wait())
	p.cmd = nil
	return err
}
