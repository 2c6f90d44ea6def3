package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/leftover"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/node"
)

func (c *command) robotCmd() *cobra.Command {
	var name string
	var labels []string
	var slots int
	var away remoteFlags
	cmd := &cobra.Command{
		Use:   "robot",
		Short: "Be a robot: take jobs from the queue and execute their runs",
		Long: "Takes jobs from the queue of this data folder or database (`aether queue add` puts them there) until it is stopped. " +
			"Ctrl-C or SIGTERM lets it end what it has; a second one interrupts that, and other robots go on with it at once.\n\n" +
			"A robot has labels, which jobs may ask for: its system (linux, amd64), the programs found here (chromium, libreoffice, ...), display if there is one, and those given with --label.\n\n" +
			"With --server it needs no database: it dials out to an orchestrator over HTTPS with a token of the role robot, executes runs in a data folder of its own and tells the orchestrator what it recorded. It then also has the label remote.",
		Example: "  aether robot\n  aether robot --name desk7 --label finance --slots 4\n  aether robot --server https://orchestrator.example:8420 --token-file token.txt",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.robotLabels(labels, slots)
			if err != nil {
				return badInput(err)
			}
			if name == "" {
				name = c.Host
			}
			if away.server != "" {
				return c.beRemote(cmd, away, name, all, slots)
			}
			if away.tokenFile != "" || away.ca != "" {
				return badInput(errors.New("--token-file and --server-ca go with --server"))
			}
			return c.beRobot(cmd, name, all, slots)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "Name of the robot; no two that live may have the same. Default: the name of the machine.")
	cmd.Flags().StringArrayVar(&labels, "label", nil, "Label it has; may be repeated.")
	cmd.Flags().IntVar(&slots, "slots", 1, "How many jobs it does at a time.")
	away.add(cmd)
	cmd.AddCommand(c.robotList(), c.robotPause("pause", "Let a robot take no new jobs, as for maintenance", true), c.robotPause("resume", "Let a paused robot take jobs again", false), c.robotForget())
	return c.jsonFlag(cmd)
}

// programs are looked for in PATH; what is found is a label.
var programs = map[string][]string{
	"chromium": {"chromium", "chromium-browser"}, "chrome": {"google-chrome", "google-chrome-stable", "chrome"}, "edge": {"microsoft-edge", "msedge"}, "firefox": {"firefox", "firefox-esr"},
	"libreoffice": {"soffice", "libreoffice"}, "tesseract": {"tesseract"}, "python": {"python3", "python"},
}

// machineLabels are the labels that a robot has by its machine.
func (c *command) machineLabels() []string {
	out := []string{runtime.GOOS, runtime.GOARCH, orch.TryLabel, orch.DebugLabel}
	for label, names := range programs {
		if slices.ContainsFunc(names, func(n string) bool { _, err := exec.LookPath(n); return err == nil }) {
			out = append(out, label)
		}
	}
	x, _ := c.Lookup("DISPLAY")
	w, _ := c.Lookup("WAYLAND_DISPLAY")
	if x+w != "" || runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		out = append(out, "display")
	}
	return out
}

func (c *command) beRobot(cmd *cobra.Command, name string, labels []string, slots int) error {
	s, err := c.open(cmd, nil, 0)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	ctx, interrupt := context.WithCancel(cmd.Context())
	defer interrupt()
	// A robot without the key would take jobs and fail them.
	if _, err := s.Secrets.Check(ctx); err != nil {
		return err
	}
	if err := s.Start(ctx, true); err != nil {
		return err
	}
	say := c.sayer()
	drain, done := make(chan struct{}), make(chan struct{})
	defer close(done)
	go c.stopOnSignals(say, drain, interrupt, done)
	return c.robotAgent(ctx, s, say, name, labels, slots).serve(ctx, drain)
}

// robotLabels are all labels of a robot.
func (c *command) robotLabels(given []string, slots int) ([]string, error) {
	if slots < 1 || slots > 1000 {
		return nil, errors.New("--slots must be from 1 to 1000")
	}
	all := slices.Concat(c.machineLabels(), given)
	slices.Sort(all)
	all = slices.Compact(all)
	for _, l := range all {
		if err := queue.CheckLabel(l); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sayer prints what a server or robot does: a line for people, or JSON.
type sayer func(event string, fields map[string]any, format string, args ...any)

func (c *command) sayer() sayer {
	var mu sync.Mutex
	return func(event string, fields map[string]any, format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		if c.asJSON {
			fields["event"], fields["at"] = event, c.Now().UTC().Format(time.RFC3339Nano)
			_ = c.printLine(fields)
			return
		}
		c.printf("%s  %s\n", c.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
	}
}

// agent is a robot that says what it does.
type agent struct {
	*robot.Agent
	say sayer
}

func (c *command) robotAgent(ctx context.Context, s *app.System, say sayer, name string, labels []string, slots int) *agent {
	return &agent{say: say, Agent: &robot.Agent{
		Robot: s.Robot, Queue: s.Queue, Name: name, Labels: labels, Slots: slots, Log: s.Log, Facts: c.facts(ctx, s, say),
		Gone:    func(owner string) bool { return run.Alive(owner) == run.Dead },
		Observe: c.sayJobs(say),
	}}
}

// facts are what people are told of a robot's machine. What robots that were
// killed left on it is removed first.
func (c *command) facts(ctx context.Context, s *app.System, say sayer) map[string]string {
	families := []string{}
	for _, f := range node.Default.Families() {
		families = append(families, f.Name)
	}
	out := map[string]string{"version": Version(), "system": runtime.GOOS + "/" + runtime.GOARCH, "cpus": fmt.Sprint(runtime.NumCPU()), "host": c.Host, "nodes": strings.Join(families, " ")}
	if left := leftover.Summary(append(s.Left, s.Robot.Sweep(ctx)...)); left != "" {
		out["left_behind"] = left
		say("left_behind", map[string]any{"left": left}, "removed what killed robots left: %s", left)
	}
	return out
}

// sayJobs says which jobs a robot takes and how they end.
func (c *command) sayJobs(say sayer) func(j *queue.Job, before bool, how string) {
	var mu sync.Mutex
	began := map[int64]time.Time{}
	return func(j *queue.Job, before bool, how string) {
		fields := map[string]any{"job": j.ID, "run": j.Run, "attempt": j.Attempt}
		mu.Lock()
		defer mu.Unlock()
		if before {
			began[j.ID] = c.Now()
			again := ""
			if j.Attempt > 1 {
				again = fmt.Sprintf(", attempt %d", j.Attempt)
			}
			say("job_taken", fields, "job %d: run %s%s", j.ID, j.Run, again)
			return
		}
		took := c.Now().Sub(began[j.ID])
		delete(began, j.ID)
		fields["how"], fields["ms"] = how, took.Milliseconds()
		say("job_ended", fields, "job %d: %s, after %s", j.ID, how, short(took))
	}
}

// online and offline say when a robot begins and ends.
func (say sayer) online(name string, labels []string, slots int) {
	say("online", map[string]any{"robot": name, "labels": labels, "slots": slots}, "robot %s takes up to %s at a time; it has %s", name, plural(slots, "job"), strings.Join(labels, ", "))
}

func (say sayer) offline(name string) {
	say("offline", map[string]any{"robot": name}, "robot %s is offline", name)
}

// serve is robot.Agent.Serve, and says when it begins and ends.
func (a *agent) serve(ctx context.Context, drain <-chan struct{}) error {
	a.say.online(a.Name, a.Labels, a.Slots)
	err := a.Serve(ctx, drain)
	if errors.Is(err, queue.ErrNameTaken) {
		return badInput(err)
	}
	if err == nil {
		a.say.offline(a.Name)
	}
	return err
}

func (c *command) robotList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the robots that have registered", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			list, err := s.Queue.Robots(cmd.Context())
			if err != nil {
				return err
			}
			if c.asJSON {
				if list == nil {
					list = []*queue.Robot{}
				}
				return c.printJSON(list)
			}
			if len(list) == 0 {
				c.printf("There are no robots yet. `aether robot` makes this process one.\n")
				return nil
			}
			now, err := s.Queue.Now(cmd.Context())
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ROBOT\tSTATE\tJOBS\tHEARD OF\tLABELS")
			for _, r := range list {
				state := string(r.State)
				if r.Paused && r.State == queue.Online {
					state = "pausing" // it has not heard of it yet
				}
				fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s ago\t%s\n", r.Name, state, r.Busy, r.Slots, short(now.Sub(r.Seen).Round(time.Second)), clip(strings.Join(r.Labels, " "), 120))
			}
			return w.Flush()
		},
	}
	return c.jsonFlag(cmd)
}

func (c *command) robotPause(use, what string, paused bool) *cobra.Command {
	return &cobra.Command{
		Use: use + " ROBOT", Short: what, Args: oneArg("the name of a robot"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			if err := s.Queue.Pause(cmd.Context(), args[0], paused); err != nil {
				return badInput(err)
			}
			c.printf("Robot %s %s within a few seconds.\n", args[0], map[bool]string{true: "takes no new jobs", false: "takes jobs again"}[paused])
			return nil
		},
	}
}

func (c *command) robotForget() *cobra.Command {
	return &cobra.Command{
		Use: "forget ROBOT", Short: "Take a robot that is gone off the list", Args: oneArg("the name of a robot"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.open(cmd, nil, 0)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			if err := s.Queue.ForgetRobot(cmd.Context(), args[0]); err != nil {
				return badInput(err)
			}
			return nil
		},
	}
}
