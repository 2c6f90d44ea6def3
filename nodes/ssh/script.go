package ssh

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func readScript(env *node.Env, name string) (string, error) {
	f, err := env.Files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mostScript+1))
	if err != nil {
		return "", fmt.Errorf("reading the script %s: %w", name, err)
	}
	if len(b) > mostScript {
		return "", node.Fail(node.KindInput, fmt.Sprintf("the script %s is larger than %d bytes", name, mostScript), "send it with sftp.upload and start it with ssh.run")
	}
	return strings.TrimPrefix(string(b), "\ufeff"), nil
}

// shells read their script from the input with -s.
var shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "busybox"}

// interpret returns the command that runs a script, and its input.
func interpret(interpreter, script string, args []string) (line, input string, err error) {
	interpreter = strings.TrimSpace(interpreter)
	if interpreter == "" || strings.ContainsAny(interpreter, "\x00\n") {
		return "", "", node.Fail(node.KindInput, "the interpreter is not the name of a program", "use for instance sh or python3")
	}
	if strings.ContainsRune(script, 0) {
		return "", "", node.Fail(node.KindInput, "the script holds a NUL character", "")
	}
	words := strings.Fields(interpreter)
	for i, w := range words {
		words[i] = quote(w)
	}
	line = strings.Join(words, " ")
	if slices.Contains(shells, path.Base(words[0])) {
		// A command in the script that reads its input would swallow the rest of
		// the script: so the script is one group, which the shell reads to its
		// end before it begins.
		input = "{ " + script + "\n} </dev/null\n"
		line += " -s --"
	} else {
		input = script
		line += " -"
	}
	for _, a := range args {
		if strings.ContainsRune(a, 0) {
			return "", "", node.Fail(node.KindInput, "an argument holds a NUL character", "")
		}
		line += " " + quote(a)
	}
	return line, input, nil
}
