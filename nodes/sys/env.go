package sys

import (
	"context"
	"path"
	"runtime"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sys/command"
	"github.com/aether-rpa/aether/process"
)

func init() {
	node.Register(node.Spec[getEnvIn, getEnvOut]{
		Type:  "sys.get_env",
		Title: "Get environment variable",
		Doc: "Returns a variable of the environment that programs started by flows see. " +
			"Aether's own settings and secrets are not in it: write {secret: NAME} for a secret.",
		Effect: node.Read,
		Examples: []node.Example[getEnvIn, getEnvOut]{{
			Title: "A variable that is not set",
			In:    getEnvIn{Name: "REPORT_YEAR", Default: "2026"},
			Out:   getEnvOut{Value: "2026"},
		}},
		Run: getEnv,
	})
	node.Register(node.Spec[listEnvIn, listEnvOut]{
		Type:   "sys.list_env",
		Title:  "List environment variables",
		Doc:    "Returns all variables of the environment that programs started by flows see, as a map. Aether's own settings and secrets are not in it.",
		Effect: node.Read,
		Examples: []node.Example[listEnvIn, listEnvOut]{{
			Title: "Variables of one program",
			In:    listEnvIn{Name: "JAVA_*"},
			Out:   listEnvOut{Variables: map[string]any{}},
		}},
		Run: listEnv,
	})
	node.Register(node.Spec[whichIn, whichOut]{
		Type:   "sys.which",
		Title:  "Find program",
		Doc:    "Tells whether a program is installed and where, looking in PATH as sys.run does.",
		Effect: node.Read,
		Examples: []node.Example[whichIn, whichOut]{{
			Title: "A program that is not there",
			In:    whichIn{Program: "no-such-program"},
			Out:   whichOut{},
		}},
		Run: which,
	})
}

type getEnvIn struct {
	Name     string `json:"name" is:"required" doc:"Name of the variable. On Windows its case does not matter."`
	Default  string `json:"default" doc:"Value when it is not set."`
	Required bool   `json:"required" doc:"Fail when it is not set."`
}

type getEnvOut struct {
	Value string `json:"value" doc:"The value, or the default."`
	Found bool   `json:"found" doc:"Whether the variable is set."`
}

func getEnv(_ context.Context, env *node.Env, in getEnvIn) (out getEnvOut, err error) {
	out.Value = in.Default
	for _, kv := range env.Environ {
		k, v, _ := strings.Cut(kv, "=")
		if k == in.Name || runtime.GOOS == "windows" && strings.EqualFold(k, in.Name) {
			out = getEnvOut{Value: v, Found: true} // the last one counts
		}
	}
	if in.Required && !out.Found {
		return out, node.Fail(node.KindNotFound, "The environment variable "+in.Name+" is not set.", "set it for the user that Aether runs as, and start Aether again")
	}
	return out, nil
}

type listEnvIn struct {
	Name string `json:"name" default:"*" doc:"Pattern of the names: * stands for any characters, ? for one."`
}

type listEnvOut struct {
	Variables map[string]any `json:"variables" doc:"Values by name."`
}

func listEnv(_ context.Context, env *node.Env, in listEnvIn) (listEnvOut, error) {
	vars := map[string]any{}
	for _, kv := range env.Environ {
		k, v, _ := strings.Cut(kv, "=")
		ok, err := path.Match(in.Name, k)
		if err != nil {
			return listEnvOut{}, node.Failf(node.KindInput, "%q is not a pattern of names.", in.Name)
		}
		if ok && k != "" {
			vars[k] = strings.ToValidUTF8(v, "\ufffd")
		}
	}
	return listEnvOut{Variables: vars}, nil
}

type whichIn struct {
	Program  string `json:"program" is:"required" doc:"Name of the program."`
	Required bool   `json:"required" doc:"Fail when it is not there."`
}

type whichOut struct {
	Found bool   `json:"found" doc:"Whether it is there."`
	Path  string `json:"path" doc:"Its full path, empty when it is not there."`
}

func which(_ context.Context, env *node.Env, in whichIn) (whichOut, error) {
	p, err := process.Find(in.Program, env.Environ, env.Files.Dirs()[0])
	if err != nil {
		if in.Required {
			return whichOut{}, command.StartFailure(err)
		}
		return whichOut{}, nil
	}
	return whichOut{Found: true, Path: p}, nil
}
