package ssh

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sys/command"
	"github.com/aether-rpa/aether/vault"
)

// surroundings are the params of what is around a command.
type surroundings struct {
	Folder    string                  `json:"cwd" doc:"Folder on the server to work in. Empty is the user's home. It needs a server with a Unix shell."`
	Env       map[string]string       `json:"env" doc:"Environment variables to set. It needs a server with a Unix shell."`
	SecretEnv map[string]vault.Secret `json:"secret_env" doc:"Environment variables with secrets, in one line each. They are sent apart from the command, so that lists of processes on the server do not show them, and their values are shown as *** in the outputs, errors and logs. It needs a server with a Unix shell."`
	Timeout   time.Duration           `json:"timeout" default:"5m" min:"1ms" doc:"How long it may run; then it is ended as well as the server allows, and the node fails."`
	MaxOutput string                  `json:"max_output" default:"10MiB" is:"advanced" doc:"How much of each of its two output streams is kept; the rest is dropped."`
	Effect    string                  `json:"effect" default:"once" enum:"read,idempotent,once" doc:"What it does to the world, which decides what happens if Aether stops while it runs. read: it only looks, and is run again. idempotent: it may be run again. once: it is not run again without being told to."`
}

func (s surroundings) effectOf() node.Effect { return command.Options{Effect: s.Effect}.EffectOf() }

var nameRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (s surroundings) check() error {
	if _, err := command.ParseSize(s.MaxOutput); err != nil {
		return node.Fail(node.KindInput, "max_output: "+err.Error(), "")
	}
	for _, k := range slices.Concat(slices.Sorted(maps.Keys(s.Env)), slices.Sorted(maps.Keys(s.SecretEnv))) {
		if !nameRE.MatchString(k) {
			return node.Fail(node.KindInput, fmt.Sprintf("%.50q cannot be the name of an environment variable", k), "use letters, digits and _")
		}
		if _, both := s.SecretEnv[k]; both && s.Env[k] != "" {
			return node.Fail(node.KindInput, k+" is in both env and secret_env", "give it once")
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.SecretEnv)) {
		if strings.ContainsAny(s.SecretEnv[k].Reveal(), "\r\n\x00") {
			return node.Fail(node.KindInput, "the secret for "+k+" has more than one line", "send it as a file with sftp.upload")
		}
	}
	if strings.ContainsRune(s.Folder, 0) {
		return node.Fail(node.KindInput, "cwd holds a NUL character", "")
	}
	return nil
}

// quote writes a text so that a Unix shell takes it as it is.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// wrap returns the command with its surroundings, and what must come before
// its input. The user's login shell may be any, so that what needs a Unix
// shell is handed to sh.
func (s surroundings) wrap(cmd string) (line, before string) {
	var b, in strings.Builder
	for _, k := range slices.Sorted(maps.Keys(s.SecretEnv)) {
		// read takes no more than its line, so that the rest is left to the
		// command.
		fmt.Fprintf(&b, "IFS= read -r %s && export %s && ", k, k)
		in.WriteString(s.SecretEnv[k].Reveal() + "\n")
	}
	for _, k := range slices.Sorted(maps.Keys(s.Env)) {
		fmt.Fprintf(&b, "export %s=%s && ", k, quote(s.Env[k]))
	}
	if s.Folder != "" {
		folder := s.Folder
		if strings.HasPrefix(folder, "-") {
			folder = "./" + folder // cd - and options
		}
		fmt.Fprintf(&b, "CDPATH= cd %s && ", quote(folder))
	}
	if b.Len() == 0 {
		return cmd, ""
	}
	return "exec sh -c " + quote(b.String()+"{ "+cmd+"\n}"), in.String()
}
