package archtest

import (
	"path"
	"strings"
	"testing"
)

// floors says on which floor each package stands. A package imports only
// packages of lower floors; whoever needs to look up passes data or a function
// instead. A pattern (see path.Match) may stand for several packages; a line
// with the package's own name wins over it.
var floors = map[string]int{
	// -1: functions of texts alone.
	"glob": -1, "spelling": -1,
	// 0: data and tools that know nothing of ours.
	"value": 0, "session": 0, "browser/program": 0, "workspace": 0, "process": 0, "expr": 0, "artifact": 0,
	"internal/answerlink": 0, "internal/mask": 0, "ui": 0, "internal/egress": 0, "internal/config": 0, "internal/db": 0, "internal/durable": 0,
	"internal/testsite/ledger": 0, "internal/testsite/mutate": 0,
	// 1: one step above them.
	"schema": 1, "table": 1, "question": 1, "artifact/disk": 1, "internal/tally": 1, "internal/leftover": 1, "internal/durable/memrt": 1, "internal/durable/dbosrt": 1,
	"internal/testsite/acme": 1, "internal/testsite/challenge": 1, "internal/testsite/pages": 1,
	// 2: what a flow is made of.
	"flow": 2, "vault": 2, "internal/testsite": 2, "selector": 2,
	// 3: the declaration of a node, and who brings secrets.
	"node": 3, "heal": 3, "vault/hashicorp": 3,
	// 4: what works with declarations.
	"node/nodetest": 4, "browser": 4, "internal/*/*test": 4, "nodes/*/*": 4, "internal/check": 4, "internal/worker": 4, "internal/run": 4, "internal/queue": 4, "internal/item": 4, "internal/element": 4, "internal/advise": 4, "internal/auth": 4, "internal/secret": 4,
	// 5: the node families, and the engine that knows none of them.
	"nodes/*": 5, "browser/follow": 5, "internal/healtest": 5, "internal/browsertest": 5, "internal/engine": 5, "internal/reference": 5, "internal/casare": 5, "internal/backup": 5, "internal/trace": 5, "internal/recorder": 5, "internal/screen": 5, "internal/demo": 5,
	// 6: who executes runs.
	"nodes/all": 6, "browser/cdp": 6, "browser/bidi": 6, "internal/robot": 6, "internal/report": 6, "internal/recording": 6,
	// 7: who decides on runs.
	"internal/orch": 7, "internal/lookback": 7, "browser/makes": 7,
	// 8: the door to programs, and who watches.
	"internal/api": 8, "internal/remote": 8, "internal/telemetry": 8,
	// 9: where the parts meet.
	"internal/app": 9,
	// 10: the door to people.
	"internal/cli": 10,
	// 11: programs, and tests of the whole.
	"cmd/*": 11, "bench": 11, "bench/*": 11, "docs": 11, "examples": 11, "examples/*": 11, "examples/*/*": 11, "specs/*": 11,
	"internal/crashtest": 11, "internal/webcrash": 11, "internal/websuite": 11, "internal/archtest": 11,
}

// floor returns the floor of a package and the line of the table that says so.
func floor(dir string) (n int, line string, known bool) {
	if n, ok := floors[dir]; ok {
		return n, dir, true
	}
	for pattern, n := range floors {
		if ok, err := path.Match(pattern, dir); err == nil && ok {
			return n, pattern, true
		}
	}
	return 0, "", false
}

func TestFloors(t *testing.T) {
	p := packages(t)
	used := map[string]bool{}
	for _, dir := range p.sorted() {
		own, line, known := floor(dir)
		used[line] = true
		if !known {
			t.Errorf("%s stands on no floor: add it to the table in internal/archtest/floors_test.go", dir)
			continue
		}
		for _, f := range p[dir] {
			// Tests may look up: an engine test runs real nodes.
			if f.test {
				continue
			}
			for _, imp := range f.imports() {
				to, ours := strings.CutPrefix(imp, module)
				if !ours {
					continue
				}
				if n, _, known := floor(to); known && n >= own {
					t.Errorf("%s (floor %d) imports %s (floor %d): a package imports only lower floors", f.path, own, to, n)
				}
			}
		}
	}
	for line := range floors {
		if !used[line] && !strings.ContainsAny(line, "*") && line != "docs" && line != "examples" {
			t.Errorf("the table of floors has %s, which is no package", line)
		}
	}
}
