package dialog

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/process"
)

func init() {
	node.Register(node.Spec[notifyIn, notifyOut]{
		Type: "dialog.notify", Title: "Notify", Effect: node.Idempotent,
		Doc: "Tells the person who watches the run something, and does not wait. It is a line where the run is watched and, if there is a desktop, a notification there; that a desktop is missing is no failure.",
		Examples: []node.Example[notifyIn, notifyOut]{
			{Title: "where the run is watched only", In: notifyIn{Message: "12 invoices are ready", Level: "success"}, Out: notifyOut{Text: "12 invoices are ready"}},
			{Title: "with a title", In: notifyIn{Title: "Inbox", Message: "nothing new\nsince Monday", Level: "info"}, Out: notifyOut{Text: "Inbox: nothing new since Monday"}},
		},
		Run: notify,
	})
	node.Register(node.Spec[progressIn, progressOut]{
		Type: "dialog.progress", Title: "Show progress", Effect: node.Read,
		Doc: "Shows how far a flow is, to whoever watches it, and does not wait: the same node, or another, shows the next value; close takes it away. Watching a run and cancelling it (ctrl-C, aether runs cancel) need no dialog.",
		Examples: []node.Example[progressIn, progressOut]{
			{Title: "a share of a whole", In: progressIn{Action: "show", Message: "Sending", Value: 3, Total: 12}, Out: progressOut{Text: "Sending 25%", Percent: new(float64(25))}},
			{Title: "no end in sight", In: progressIn{Action: "show", Message: "Searching", Indeterminate: true}, Out: progressOut{Text: "Searching"}},
		},
		Check: func(in progressIn) error {
			if in.Total > 0 && in.Value > in.Total && !in.Indeterminate {
				return fmt.Errorf("value is %v, more than the total of %v", in.Value, in.Total)
			}
			return nil
		},
		Run: func(_ context.Context, env *node.Env, in progressIn) (progressOut, error) {
			out := progressOut{Text: oneLine(in.Title, in.Message)}
			if in.Action == "close" {
				out.Text = ""
			} else if in.Total > 0 && !in.Indeterminate {
				p := min(100, in.Value/in.Total*100)
				out.Percent = &p
				out.Text = strings.TrimSpace(fmt.Sprintf("%s %.0f%%", out.Text, p))
			}
			if out.Percent == nil {
				in.Value, in.Total = 0, 0
			}
			if env.Progress != nil {
				env.Progress(out.Text, int(in.Value), int(in.Total))
			}
			return out, nil
		},
	})
}

func oneLine(title, message string) string {
	s := strings.Join(strings.Fields(message), " ")
	if title = strings.Join(strings.Fields(title), " "); title != "" && s != "" {
		return title + ": " + s
	}
	return title + s
}

func notify(ctx context.Context, env *node.Env, in notifyIn) (notifyOut, error) {
	out := notifyOut{Text: oneLine(in.Title, in.Message)}
	if env.Message != nil {
		level := map[string]slog.Level{"warning": slog.LevelWarn, "error": slog.LevelError}[in.Level]
		env.Message(level, out.Text)
	}
	if !in.Desktop {
		return out, nil
	}
	cmd, ok := desktop(runtime.GOOS, env.Environ, in)
	if !ok {
		return out, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	res, err := process.Run(ctx, cmd)
	out.Desktop = err == nil && res.ExitCode == 0
	return out, nil
}

// desktop returns the program that shows a notification, false if there is no
// desktop.
func desktop(system string, environ []string, in notifyIn) (process.Cmd, bool) {
	title := in.Title
	if title == "" {
		title = "Aether"
	}
	cmd := process.Cmd{Env: environ}
	switch system {
	case "darwin":
		cmd.Path = "osascript"
		cmd.Args = []string{"-e", "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run", "--", title, in.Message}
	case "windows":
		cmd.Path = "powershell.exe"
		cmd.Args = []string{"-NoProfile", "-NonInteractive", "-EncodedCommand", balloon(title, in)}
	default:
		if !slices.ContainsFunc(environ, func(e string) bool {
			return strings.HasPrefix(e, "DISPLAY=") || strings.HasPrefix(e, "WAYLAND_DISPLAY=")
		}) {
			return cmd, false
		}
		urgency := map[string]string{"low": "low", "normal": "normal", "high": "critical"}[in.Priority]
		icon := map[string]string{"warning": "dialog-warning", "error": "dialog-error"}[in.Level]
		if icon == "" {
			icon = "dialog-information"
		}
		cmd.Path = "notify-send"
		cmd.Args = []string{"--app-name=Aether", "--urgency=" + urgency, "--icon=" + icon, fmt.Sprintf("--expire-time=%d", in.Show.Milliseconds()), "--", title, in.Message}
	}
	_, err := process.Find(cmd.Path, environ, "")
	return cmd, err == nil
}

// balloon is a script for PowerShell, in the form of -EncodedCommand. The texts
// are no code in it: they stand in single quotes, which are doubled.
func balloon(title string, in notifyIn) string {
	quote := func(s string) string {
		return "'" + strings.NewReplacer("'", "''", "\u2018", "''", "\u2019", "''", "\u201a", "''", "\u201b", "''").Replace(s) + "'"
	}
	icon := map[string]string{"warning": "Warning", "error": "Error"}[in.Level]
	if icon == "" {
		icon = "Info"
	}
	script := "Add-Type -AssemblyName System.Windows.Forms; $n = New-Object System.Windows.Forms.NotifyIcon; $n.Icon = [System.Drawing.SystemIcons]::Information; $n.Visible = $true; " +
		fmt.Sprintf("$n.ShowBalloonTip(%d, %s, %s, '%s'); Start-Sleep -Milliseconds 1500; $n.Dispose()", in.Show.Milliseconds(), quote(title), quote(in.Message), icon)
	var b []byte
	for _, u := range utf16.Encode([]rune(script)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return base64.StdEncoding.EncodeToString(b)
}

type notifyIn struct {
	Title    string        `json:"title" doc:"Heading."`
	Message  string        `json:"message" doc:"What to tell."`
	Level    string        `json:"level" enum:"info,success,warning,error" default:"info" doc:"What kind of message it is."`
	Desktop  bool          `json:"desktop" default:"true" doc:"Whether to show it on the desktop, too, if there is one."`
	Show     time.Duration `json:"show" default:"5s" min:"0" is:"advanced" doc:"How long the desktop shows it, if it heeds that."`
	Priority string        `json:"priority" enum:"low,normal,high" default:"normal" is:"advanced" doc:"How urgent the desktop takes it."`
}

type notifyOut struct {
	Text    string `json:"text" doc:"The line that was told."`
	Desktop bool   `json:"desktop" doc:"Whether a desktop showed it."`
}

type progressIn struct {
	Action        string  `json:"action" enum:"show,close" default:"show" doc:"Show or change the progress, or take it away."`
	Title         string  `json:"title" doc:"Heading."`
	Message       string  `json:"message" doc:"What is going on."`
	Value         float64 `json:"value" min:"0" doc:"How much is done."`
	Total         float64 `json:"total" min:"0" default:"100" doc:"How much there is to do; 0 if that is not known."`
	Indeterminate bool    `json:"indeterminate" doc:"Whether to show no share, because the total is not known."`
}

type progressOut struct {
	Text    string   `json:"text" doc:"The line that is shown."`
	Percent *float64 `json:"percent" doc:"Share that is done; nothing if it is not known."`
}
