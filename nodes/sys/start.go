package sys

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sys/command"
	"github.com/aether-rpa/aether/process"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[startIn, startOut]{
		Type:  "sys.start",
		Title: "Start program",
		Doc: "Starts a program and goes on at once, for applications with windows and servers. " +
			"The program lives on when the run and Aether end; end it with sys.kill_process. What it prints is lost.",
		Effect: node.Once,
		Examples: []node.Example[startIn, startOut]{{
			Title: "Start an application and keep its process id",
			In:    startIn{Program: "sleep", Args: []string{"0"}},
			Check: func(o startOut) error {
				if o.PID <= 0 {
					return errors.New("there is no process id")
				}
				return nil
			},
		}},
		Run: startProgram,
	})
	node.Register(node.Spec[openIn, openOut]{
		Type:  "sys.open_file",
		Title: "Open file or address",
		Doc: "Opens a file, a folder or a web address with the program that the desktop has for it. " +
			"It needs a desktop: on a server there is nothing to open it with. The node does not wait for the program to end.",
		Effect: node.Once,
		Check: func(in openIn) error {
			if scheme, _, ok := strings.Cut(in.Target, "://"); ok && !webScheme(scheme) {
				return node.Fail(node.KindInput, "Only http, https and mailto addresses can be opened, not "+scheme+".", "give a file by its path")
			}
			return nil
		},
		Examples: []node.Example[openIn, openOut]{{
			Title:   "Open a report",
			In:      openIn{Target: "report.pdf"},
			Files:   map[string]string{"report.pdf": "%PDF"},
			DocOnly: "it needs a desktop",
		}},
		Run: openTarget,
	})
}

type startIn struct {
	Program   string                  `json:"program" is:"required" doc:"Name of a program in PATH, or its full path."`
	Args      []string                `json:"args" doc:"Arguments, one in each item."`
	Cwd       string                  `json:"cwd" widget:"folder" doc:"Folder to work in, inside the folders the flow may use. Empty is the first of them."`
	Env       map[string]string       `json:"env" doc:"Environment variables to add or replace."`
	SecretEnv map[string]vault.Secret `json:"secret_env" doc:"Environment variables with secrets."`
}

type startOut struct {
	PID int `json:"pid" doc:"Id of the process."`
}

func startProgram(_ context.Context, env *node.Env, in startIn) (startOut, error) {
	o := command.Options{Cwd: in.Cwd, Env: in.Env, SecretEnv: in.SecretEnv}
	if err := o.Check(); err != nil {
		return startOut{}, err
	}
	dir, err := o.Folder(env)
	if err != nil {
		return startOut{}, err
	}
	s, err := process.Start(process.Cmd{Path: in.Program, Args: in.Args, Dir: dir, Env: o.Environ(env)})
	if err != nil {
		return startOut{}, command.StartFailure(err)
	}
	return startOut{PID: s.PID}, nil
}

type openIn struct {
	Target string        `json:"target" is:"required" widget:"file" doc:"File or folder inside the folders the flow may use, or an http, https or mailto address."`
	Settle time.Duration `json:"settle" default:"1s" is:"advanced" doc:"How long to watch for the opener to report a failure."`
}

type openOut struct {
	Target string `json:"target" doc:"What was opened: the full path or the address."`
}

func webScheme(s string) bool { return s == "http" || s == "https" }

func openTarget(ctx context.Context, env *node.Env, in openIn) (openOut, error) {
	target := in.Target
	if scheme, _, ok := strings.Cut(target, ":"); !ok || !webScheme(scheme) && scheme != "mailto" {
		abs, err := env.Files.Abs(target)
		if err != nil {
			return openOut{}, err
		}
		if _, err := env.Files.Stat(target); err != nil {
			return openOut{}, err
		}
		target = abs
	}
	path, args := opener(runtime.GOOS, target)
	s, err := process.Start(process.Cmd{Path: path, Args: args, Env: env.Environ})
	if err != nil {
		f := command.StartFailure(err)
		if f.Kind == node.KindNotFound {
			f.Hint = "this node needs a desktop; on Linux install xdg-utils"
		}
		return openOut{}, f
	}
	wait := time.NewTimer(in.Settle)
	defer wait.Stop()
	select {
	case <-s.Exited:
		if code := s.State.ExitCode(); code != 0 {
			return openOut{}, node.Fail(node.KindError, fmt.Sprintf("%s could not open %s: it ended with exit code %d.", path, target, code), "see that a desktop is running and that it has a program for this kind of file")
		}
	case <-wait.C:
	case <-ctx.Done():
		return openOut{}, context.Cause(ctx)
	}
	return openOut{Target: target}, nil
}

// opener returns the program that opens things on an operating system. None of
// them is a shell, which would read & in an address as the end of a command.
func opener(goos, target string) (string, []string) {
	switch goos {
	case "windows":
		return "rundll32.exe", []string{"url.dll,FileProtocolHandler", target}
	case "darwin":
		return "open", []string{target}
	}
	return "xdg-open", []string{target}
}
