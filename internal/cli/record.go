package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/internal/leftover"
	"github.com/aether-rpa/aether/internal/recorder"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	pagescreen "github.com/aether-rpa/aether/internal/screen"
	"github.com/aether-rpa/aether/node"
)

type recordFlags struct {
	out, name, browser string
	headless, explain  bool
	width, height      int
	force              bool
}

func (c *command) recordCmd() *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:   "record URL",
		Short: "Record what you do in a browser as a flow",
		Long: "Opens a browser with a window of its own and writes a flow of what you do in it: presses, what you enter and choose, files, tabs, frames, dragging, questions of pages, and what you assert with the bar at the bottom of the page. " +
			"Each element gets several ways to be found, with a score and the reason. What is typed into a field for passwords is never read: the flow has an input for the name of a secret instead.\n\n" +
			"Recording ends with Finish in the bar, when the browser is closed, or with Ctrl-C here. The file is written after every step, so that nothing is lost.",
		Example: "  aether record https://shop.example.com -o order.flow.yaml\n  aether record localhost:8080 --explain",
		Args:    oneArg("the address to begin with"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.record(cmd, args[0], f) },
	}
	cmd.Flags().StringVarP(&f.out, "output", "o", "recorded.flow.yaml", "File to write the flow to.")
	cmd.Flags().StringVar(&f.name, "name", "", "Name of the flow; not given is that of the file.")
	cmd.Flags().BoolVar(&f.explain, "explain", false, "Print the steps at the end, with the ways to find each element, their scores and the reasons.")
	cmd.Flags().BoolVar(&f.force, "force", false, "Replace a file that is there already.")
	recordingFlags(cmd, &f)
	return cmd
}

// recordingFlags are those of commands that open a browser for a person.
func recordingFlags(cmd *cobra.Command, f *recordFlags) {
	cmd.Flags().StringVar(&f.browser, "browser", "", "Browser program to open; not given is that of the settings, or the one found here.")
	cmd.Flags().BoolVar(&f.headless, "headless", false, "Open the browser without a window, for who works in it over its debugging protocol.")
	cmd.Flags().IntVar(&f.width, "width", 0, "Width of the page in CSS pixels; 0 is that of the window.")
	cmd.Flags().IntVar(&f.height, "height", 0, "Height of the page.")
}

func (c *command) pickCmd() *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:   "pick URL",
		Short: "Pick an element of a page, ready to paste into a flow",
		Long: "Opens a browser with a window of its own. What lies under the mouse is marked; a click chooses it, and the page does not see the click. Escape cancels. " +
			"With \"A second like it\" you choose another element of the same list, and get the selector of all of them and the params of web.extract for its rows.\n\nPrints the target as YAML.",
		Example: "  aether pick https://shop.example.com",
		Args:    oneArg("the address of the page"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.pick(cmd, args[0], f) },
	}
	recordingFlags(cmd, &f)
	return cmd
}

// address completes and checks the address that a person has given. Here it may also be one that is no site's, such as
// about:blank or a file of this machine.
func address(text string) (string, error) {
	text = strings.TrimSpace(text)
	if scheme, _, ok := strings.Cut(text, "://"); ok && scheme != "http" && scheme != "https" || strings.HasPrefix(text, "about:") || strings.HasPrefix(text, "data:") {
		return text, nil
	}
	to, err := pagescreen.Address(text)
	if err != nil {
		return "", badInput(err)
	}
	return to, nil
}

// personal opens a browser for a person, and returns what closes it and takes its files away.
func (c *command) personal(cmd *cobra.Command, f recordFlags) (b browser.Browser, downloads string, end func(), err error) {
	cfg, _, err := c.config(cmd)
	if err != nil {
		return nil, "", nil, err
	}
	if (f.width == 0) != (f.height == 0) || f.width < 0 || f.height < 0 {
		return nil, "", nil, badInput(errors.New("give --width and --height together, both above 0"))
	}
	if !f.headless && !c.window() {
		return nil, "", nil, badInput(errors.New("there is no display here, so nobody could see the browser; run this on a desktop, or set DISPLAY"))
	}
	path := chromium(cfg.Browser.Path)
	if f.browser != "" {
		path = c.abs(f.browser)
		if _, err := os.Stat(path); err != nil {
			return nil, "", nil, badInput(fmt.Errorf("--browser: %w", err))
		}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
	defer cancel()
	work := leftover.At(cfg.WorkDir(), run.Self(c.Host, c.PID))
	sweep(ctx, work)
	shared := robot.SharedRun + "person-" + strconv.Itoa(c.PID)
	folder, err := work.Open(shared)
	if err != nil {
		return nil, "", nil, err
	}
	remove := func() { _ = folder.Remove() } // the next start tries again
	downloads = filepath.Join(folder.Path, "downloads")
	profile := filepath.Join(folder.Path, "profile")
	for _, d := range []string{downloads, profile} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			remove()
			return nil, "", nil, err
		}
	}
	b, err = cdp.Driver{}.Launch(ctx, browser.Launch{Path: path, Profile: profile, Headless: f.headless, NoSandbox: cfg.Browser.NoSandbox || os.Geteuid() == 0, Env: append(slices.Clone(c.Environ), work.Mark(shared))})
	if err != nil {
		remove()
		return nil, "", nil, err
	}
	return b, downloads, func() { _ = b.Close(); remove() }, nil
}

// sweep removes what recordings left whose program was killed: their browsers, profiles and downloads. That something
// cannot be removed keeps nobody from recording.
func sweep(ctx context.Context, work *leftover.Place) {
	_, _ = work.SweepPrograms(ctx)
	_, _ = work.SweepFolders(ctx, func(of string) bool { return strings.HasPrefix(of, robot.SharedRun) })
}

func (c *command) record(cmd *cobra.Command, at string, f recordFlags) error {
	start, err := address(at)
	if err != nil {
		return err
	}
	out := c.abs(f.out)
	name := f.name
	if name == "" {
		name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(filepath.Base(out), ".yaml"), ".yml"), ".flow")
	}
	if _, err := os.Stat(out); err == nil && !f.force {
		return badInput(fmt.Errorf("%s is there already; name another file with -o, or replace it with --force", f.out))
	}
	b, downloads, end, err := c.personal(cmd, f)
	if err != nil {
		return err
	}
	defer end()
	r, err := recorder.Start(cmd.Context(), b, recorder.Config{URL: start, Downloads: downloads, Width: f.width, Height: f.height, Now: c.Now})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stderr, "Recording into %s. End it with Finish in the browser, or with Ctrl-C here.\n", f.out)
	write := func() error {
		text, err := recorder.Flow(name, r.Steps())
		if err != nil {
			return err
		}
		return replaceFile(out, text)
	}
	interrupted := false
	for open := true; open; {
		changed := r.Changed()
		if err := write(); err != nil {
			return errors.Join(err, r.Close())
		}
		select {
		case <-changed:
		case <-r.Done():
			open = false
		case <-c.Signals:
			open, interrupted = false, true
		}
	}
	if err := r.Close(); err != nil && !interrupted {
		fmt.Fprintln(c.Stderr, "aether: closing the browser:", err)
	}
	if err := write(); err != nil {
		return err
	}
	return c.recorded(r, out, f)
}

// recorded tells what was recorded.
func (c *command) recorded(r *recorder.Recorder, out string, f recordFlags) error {
	steps := r.Steps()
	if f.explain {
		c.printf("%s", recorder.Explain(steps))
	}
	for _, t := range r.Trouble() {
		fmt.Fprintln(c.Stderr, "Not recorded:", t)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	fl, err := flow.Decode(b)
	if err != nil {
		return fmt.Errorf("the flow that was recorded cannot be read; please report it: %w", err)
	}
	if errs := check.Flow(fl, node.Default, check.Options{}).Errors(); len(errs) > 0 {
		return c.problems(out, errs)
	}
	how := "aether run " + f.out
	for _, in := range fl.Inputs {
		if in.Secret {
			how += " -i " + in.Name + "=NAME_OF_SECRET"
		}
	}
	fmt.Fprintf(c.Stderr, "%d steps are in %s. Run them with: %s\n", len(fl.Nodes), f.out, how)
	return nil
}

func (c *command) pick(cmd *cobra.Command, at string, f recordFlags) error {
	start, err := address(at)
	if err != nil {
		return err
	}
	b, downloads, end, err := c.personal(cmd, f)
	if err != nil {
		return err
	}
	defer end()
	p, err := recorder.Pick(cmd.Context(), b, recorder.Config{URL: start, Downloads: downloads, Width: f.width, Height: f.height, Now: c.Now})
	if err != nil {
		return err
	}
	fmt.Fprintln(c.Stderr, "Click an element in the browser. Escape there or Ctrl-C here cancels.")
	select {
	case <-p.Done():
	case <-c.Signals:
		_ = p.Close() // it is being given up
		return &exitError{exitInterrupted, nil}
	}
	picked, ok := p.Picked()
	if err := p.Close(); err != nil {
		fmt.Fprintln(c.Stderr, "aether: closing the browser:", err)
	}
	if !ok {
		return &exitError{exitFailed, errors.New("nothing was picked")}
	}
	text, err := picked.YAML()
	if err != nil {
		return err
	}
	c.printf("%s", text)
	return nil
}
