package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// whole are the packages that are programs or test the whole: rules about the
// inside of the product do not hold there.
var whole = []string{"cmd", "bench", "examples", "specs", "docs", "internal/crashtest", "internal/webcrash", "internal/websuite", "internal/archtest"}

// importRules say who may import what. Each has its reason.
var importRules = []struct {
	what  []string // import paths, and all below them
	only  []string // folders that may
	tests bool     // test files may as well
	why   string
}{{
	what: []string{"github.com/dbos-inc"}, only: []string{"internal/durable/dbosrt"},
	why: "the durable engine must stay replaceable, and nodes and engine testable without it",
}, {
	what: []string{"github.com/jackc/pgx", "modernc.org/sqlite", "database/sql/driver"}, tests: true,
	only: []string{"internal/db", "internal/durable/dbosrt", "internal/config", "internal/telemetry", "nodes/db"},
	why:  "the differences between the databases live in one place; config looks at databases before they are opened, telemetry only names pgx's tracer",
}, {
	what: []string{"github.com/chromedp"}, only: []string{"browser/cdp"},
	why: "the protocol of browsers changes weekly; the others know pages and elements",
}, {
	what: []string{"github.com/coder/websocket"}, only: []string{"browser/bidi"},
	why: "it is there for the one protocol that needs it",
}, {
	what: []string{"github.com/expr-lang/expr"}, only: []string{"expr"},
	why: "expr-lang gives the syntax only; its virtual machine has no bounds and must not be used by mistake",
}, {
	what: []string{"go.opentelemetry.io"}, only: []string{"internal/telemetry"},
	why: "who does not watch should not know how watching works",
}, {
	what: []string{"github.com/prometheus"}, only: []string{"internal/telemetry"},
	why: "how metrics are written is the business of who shows them",
}, {
	what: []string{"github.com/spf13/cobra", "github.com/spf13/pflag"}, only: []string{"internal/cli"},
	why: "no rule of the product lives in the command line",
}, {
	what: []string{"charm.land", "github.com/charmbracelet"}, only: []string{"internal/cli"},
	why: "how a question looks is the business of who shows it; the others know what is asked",
}, {
	what: []string{"github.com/dop251/goja", "github.com/itchyny/gojq"}, only: []string{"internal/worker", "nodes/json"},
	why: "code of users runs in a process of its own with bounded memory, never in this one; jq has no I/O and is bounded by its caller",
}, {
	what: []string{module + "internal/config"}, only: []string{"internal/app", "internal/cli", "internal/config"},
	why: "the others are given the settings they need",
}, {
	what: []string{"testing", "net/http/httptest"}, only: []string{"packages named *test"}, tests: true,
	why: "test tools do not belong into the program",
}}

// testTool reports whether a package is a tool of tests, such as node/nodetest.
func testTool(dir string) bool { return strings.HasSuffix(dir, "test") }

func TestImports(t *testing.T) {
	p := packages(t)
	for _, dir := range p.sorted() {
		if testTool(dir) {
			continue
		}
		for _, f := range p[dir] {
			for _, imp := range f.imports() {
				for _, r := range importRules {
					if under(imp, r.what...) && !under(dir, r.only...) && !under(dir, whole...) && !(f.test && r.tests) {
						t.Errorf("%s imports %s: only %s may, for %s", f.path, imp, strings.Join(r.only, ", "), r.why)
					}
				}
			}
		}
	}
}

// Third parties must be able to do all that our own nodes can, and they cannot
// import internal packages.
func TestNodesUseNothingInternal(t *testing.T) {
	for dir, files := range packages(t) {
		for _, f := range files {
			for _, imp := range f.imports() {
				to := strings.TrimPrefix(imp, module)
				switch {
				case under(dir, "nodes") && under(to, "internal") && !f.test:
					t.Errorf("%s imports %s: nodes use package node and what is public, so that other people's nodes can do the same", f.path, to)
				case under(dir, "internal/engine") && under(to, "nodes") && !f.test:
					t.Errorf("%s imports %s: the engine knows node types through the registry only", f.path, to)
				case !under(dir, "internal", "cmd", "bench", "specs", "docs", "examples", "nodes") && under(to, "internal") && !f.test:
					t.Errorf("%s imports %s: public packages do not stand on internal ones", f.path, to)
				}
			}
		}
	}
}

// outside are the things of package os that come from outside the program.
var outside = []string{"Args", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv", "Exit", "Stdin", "Stdout", "Stderr", "Hostname", "Getwd", "Chdir"}

// mayLookOutside are files that need one of them, each with its reason.
var mayLookOutside = map[string]string{
	"internal/worker/main.go": "it is the main function of the child process that runs scripts",
	"nodes/sys/info.go":       "the name of the machine is what sys.info is asked for",
}

func TestOnlyTheCommandLineLooksOutside(t *testing.T) {
	used := map[string]bool{}
	for dir, files := range packages(t) {
		if testTool(dir) || under(dir, append([]string{"internal/cli"}, whole...)...) {
			continue
		}
		for _, f := range files {
			if f.test {
				continue
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "os" && slices.Contains(outside, sel.Sel.Name) {
					if mayLookOutside[f.path] != "" {
						used[f.path] = true
						return true
					}
					t.Errorf("%s uses os.%s: arguments, environment, folder and streams come in through cli.State or node.Env", fset.Position(sel.Pos()), sel.Sel.Name)
				}
				return true
			})
		}
	}
	for path := range mayLookOutside {
		if !used[path] {
			t.Errorf("%s is allowed to look outside and does not: take it off the list", path)
		}
	}
}

func TestNames(t *testing.T) {
	empty := []string{"util", "utils", "common", "helper", "helpers", "manager", "service", "base", "core", "impl", "misc", "shared", "types", "models"}
	for dir, files := range packages(t) {
		name := strings.TrimSuffix(files[0].ast.Name.Name, "_test")
		if slices.Contains(empty, name) {
			t.Errorf("%s is named %s, which says nothing: name what is in it", dir, name)
		}
	}
}
