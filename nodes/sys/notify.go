package sys

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sys/command"
)

func init() {
	node.Register(node.Spec[notifyIn, notifyOut]{
		Type:  "sys.notify",
		Title: "Show notification",
		Doc: "Shows a notification on the desktop of this computer. " +
			"It needs a desktop that somebody is logged in to; a server has none. On Linux it needs the program notify-send.",
		Effect: node.Once,
		Examples: []node.Example[notifyIn, notifyOut]{{
			Title:   "Tell that a report is ready",
			In:      notifyIn{Title: "Report", Message: "The monthly report is ready."},
			Out:     notifyOut{Tool: "notify-send"},
			DocOnly: "it needs a desktop",
		}},
		Run: notify,
	})
}

type notifyIn struct {
	Title   string `json:"title" is:"required" doc:"Heading."`
	Message string `json:"message" widget:"multiline" doc:"Text below it."`
	Urgency string `json:"urgency" default:"normal" enum:"low,normal,critical" doc:"How important it is. Only Linux shows a difference."`
}

type notifyOut struct {
	Tool string `json:"tool" doc:"The program that showed it."`
}

// The texts reach these programs as variables and arguments, never as code.
const (
	balloon = `Add-Type -AssemblyName System.Windows.Forms, System.Drawing
$n = New-Object System.Windows.Forms.NotifyIcon
$n.Icon = [System.Drawing.SystemIcons]::Information
$n.Visible = $true
$m = if ($env:AETHER_MESSAGE) { $env:AETHER_MESSAGE } else { ' ' }
$n.ShowBalloonTip(10000, $env:AETHER_TITLE, $m, 'Info')
Start-Sleep -Seconds 6
$n.Dispose()`
	appleScript = `on run argv
display notification (item 2 of argv) with title (item 1 of argv)
end run`
)

func notify(ctx context.Context, env *node.Env, in notifyIn) (notifyOut, error) {
	c := notifier(runtime.GOOS, in)
	o := command.Options{Timeout: 30 * time.Second}
	ran, err := command.Run(ctx, env, o, c)
	if err != nil {
		f := node.AsFailure(err)
		if f.Kind == node.KindNotFound {
			f.Hint = "this node needs a desktop; on Linux install libnotify-bin"
		}
		return notifyOut{}, f
	}
	if err := (command.Output{ExitCodes: []int{0}}).Judge(ran); err != nil {
		f := node.AsFailure(err)
		f.Message = fmt.Sprintf("The notification could not be shown: %s", f.Message)
		f.Hint = "see that somebody is logged in to the desktop and that Aether runs as that user"
		return notifyOut{}, f
	}
	return notifyOut{Tool: c.Path}, nil
}

func notifier(goos string, in notifyIn) command.Call {
	switch goos {
	case "windows":
		return command.Call{Path: "powershell.exe", Args: []string{"-NoProfile", "-NonInteractive", "-Command", balloon},
			Env: []string{"AETHER_TITLE=" + in.Title, "AETHER_MESSAGE=" + in.Message}}
	case "darwin":
		return command.Call{Path: "osascript", Args: []string{"-e", appleScript, in.Title, in.Message}}
	}
	return command.Call{Path: "notify-send", Args: []string{"--app-name=Aether", "--urgency=" + in.Urgency, "--", in.Title, in.Message}}
}
