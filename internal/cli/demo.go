package cli

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/browser/makes"
	"github.com/aether-rpa/aether/internal/testsite"
)

//go:embed demo.flow.yaml
var demoFlow []byte

type demoFlags struct {
	headless, noWait bool
}

func (c *command) demoCmd() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See a robot work, be killed, and go on: offline, in a minute",
		Long: "Serves the practice site on this machine and lets a robot enter ten persons from a workbook into a form that changes after every round. " +
			"Then it does so again, and the robot is killed in the middle: another goes on where it was, and the site's own ledger shows that nothing was sent twice.\n\n" +
			"Needs Chromium, Chrome, Edge or Brave on this machine, and nothing else: no account, no network, no set-up. What it writes is in a temporary folder and removed at the end.",
		Example: "  aether demo\n  aether demo --headless --no-wait",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.demo(cmd.Context(), f) },
	}
	cmd.Flags().BoolVar(&f.headless, "headless", false, "Let the browser work without a window.")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "End when the robot is done, and do not keep the practice site open.")
	return cmd
}

// demonstration is one `aether demo`.
type demonstration struct {
	*command
	dir      string
	url      string
	site     *testsite.Site
	headless bool
}

func (c *command) demo(ctx context.Context, f demoFlags) error {
	if err := makes.Find(); err != nil {
		if path, ok := c.Lookup("AETHER_BROWSER_PATH"); !ok || path == "" {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "aether-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d := &demonstration{command: c, dir: dir, headless: f.headless || !c.window()}
	if d.site, err = testsite.New(testsite.Config{Seed: c.Now().UnixNano(), Switch: true}); err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serving the practice site: %w", err)
	}
	d.url = "http://" + l.Addr().String()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- d.site.Serve(ctx, l) }()
	fmt.Fprintf(c.Stdout, "The practice site is at %s\n", d.url)
	if d.headless && !f.headless {
		fmt.Fprintln(c.Stdout, "There is no display here, so the browser works without a window.")
	}
	began := c.Now()
	if err := d.show(ctx); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "\nThat took %s in all.\n", c.Now().Sub(began).Round(100*time.Millisecond))
	if f.noWait || !c.Terminal || !c.Keyboard {
		return nil
	}
	fmt.Fprintf(c.Stdout, "\nThe practice site stays open for you: %s\nPress Enter to end.\n", d.url)
	entered := make(chan struct{})
	go func() {
		_, _ = bufio.NewReader(c.Stdin).ReadString('\n')
		close(entered)
	}()
	select {
	case <-entered:
		return nil
	case err := <-served:
		return err
	case <-ctx.Done():
		return &exitError{exitInterrupted, nil}
	}
}

// window reports whether a browser's window could be seen here.
func (c *command) window() bool {
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY"} {
		if v, ok := c.Lookup(name); ok && v != "" {
			return true
		}
	}
	return filepath.Separator == '\\' || strings.HasPrefix(c.Dir, "/Users/")
}

func (d *demonstration) show(ctx context.Context) error {
	flow := filepath.Join(d.dir, "challenge.flow.yaml")
	if err := os.WriteFile(flow, demoFlow, 0o600); err != nil {
		return err
	}
	book := filepath.Join(d.dir, "challenge.xlsx")
	if err := d.download(ctx, d.url+"/challenge/assets/downloadFiles/challenge.xlsx", book); err != nil {
		return err
	}
	fmt.Fprintf(d.Stdout, "\n1  A robot enters ten persons from a workbook.\n   The form's fields change their ids and places after every round.\n")
	said, err := d.robot(ctx, flow, book, "first", nil)
	if err != nil {
		return err
	}
	if err := d.judge(said); err != nil {
		return err
	}
	d.site.Ledger().Reset()
	fmt.Fprintf(d.Stdout, "\n2  Once more, and in round 5 the robot is killed (kill -9), amid the form.\n")
	if _, err := d.robot(ctx, flow, book, "second", func(e demoEvent) bool { return e.Event == "node_finished" && e.Path == "each[4]/company" }); !errors.Is(err, errKilled) {
		if err == nil {
			err = errors.New("the robot was done before it could be killed")
		}
		return err
	}
	fmt.Fprintf(d.Stdout, "   The robot is dead, and its browser with it: %d of 10 forms were received.\n", len(d.site.Ledger().All("challenge.submit")))
	fmt.Fprintf(d.Stdout, "\n3  Another robot goes on where it died: a new browser, the same session,\n   the next field.\n")
	if said, err = d.robot(ctx, flow, book, "second", nil); err != nil {
		return err
	}
	return d.judge(said)
}

// judge prints what the page says and what the site has really received.
func (d *demonstration) judge(said string) error {
	sent := d.site.Ledger().All("challenge.submit")
	twice := d.site.Ledger().Twice("challenge.submit")
	points := 0
	for _, e := range sent {
		n, _ := strconv.Atoi(e.Facts["points"])
		points += n
	}
	fmt.Fprintf(d.Stdout, "   The page says:   %s\n   The ledger says: %d forms received, %d twice, %d of 70 fields right.\n", said, len(sent), len(twice), points)
	if len(sent) != 10 || len(twice) > 0 || points != 70 {
		return errors.New("that is not what it should be; please report it")
	}
	return nil
}

var errKilled = errors.New("the robot was killed")

type demoEvent struct {
	Event  string          `json:"event"`
	Path   string          `json:"path"`
	Status string          `json:"status"`
	Output json.RawMessage `json:"output"`
}

// robot runs the flow in a process of its own, which is killed at the event that the caller chooses. It returns what
// the page said at the end.
func (d *demonstration) robot(ctx context.Context, flow, book, id string, kill func(demoEvent) bool) (string, error) {
	cmd := exec.CommandContext(ctx, d.Executable, "run", flow, "--id", id, "--json", "--no-input",
		"-i", "site="+d.url, "-i", "workbook="+book, "-i", "headless="+strconv.FormatBool(d.headless))
	cmd.Dir = d.dir
	cmd.Env = append(without(d.Environ, "AETHER_"), "AETHER_DATA_DIR="+filepath.Join(d.dir, "data"))
	if path, ok := d.Lookup("AETHER_BROWSER_PATH"); ok {
		cmd.Env = append(cmd.Env, "AETHER_BROWSER_PATH="+path)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("starting the robot: %w", err)
	}
	var last demoEvent
	killed := false
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e demoEvent
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		if d.Terminal && e.Event == "node_finished" && strings.HasSuffix(e.Path, "/submit") {
			fmt.Fprintf(d.Stdout, "\r   Round %s of 10 ", strings.TrimSuffix(strings.TrimPrefix(e.Path, "each["), "]/submit"))
		}
		if kill != nil && !killed && kill(e) {
			killed = true
			_ = cmd.Process.Kill()
		}
		last = e
	}
	if d.Terminal {
		fmt.Fprint(d.Stdout, "\r\x1b[K")
	}
	err = cmd.Wait()
	if killed {
		return "", errKilled
	}
	if ctx.Err() != nil {
		return "", &exitError{exitInterrupted, nil}
	}
	if err != nil || last.Event != "run" || last.Status != "done" {
		return "", fmt.Errorf("the robot did not finish (%s): %s", last.Status, strings.TrimSpace(errs.String()))
	}
	var said struct{ Result string }
	if err := json.Unmarshal(last.Output, &said); err != nil {
		return "", err
	}
	return said.Result, nil
}

// without leaves out the variables that begin with a prefix.
func without(env []string, prefix string) []string {
	out := make([]string, 0, len(env))
	for _, e := range env {
		if !strings.HasPrefix(e, prefix) {
			out = append(out, e)
		}
	}
	return out
}

func (d *demonstration) download(ctx context.Context, url, to string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("fetching the workbook: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<24))
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetching the workbook: status %d: %w", resp.StatusCode, err)
	}
	return os.WriteFile(to, b, 0o600)
}
