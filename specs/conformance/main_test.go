package conformance

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the path of the binary under test.
var program string

// atOnce is how many tests run at a time: most of them wait, for a lease to
// end or for a process, and would keep a processor idle.
const atOnce = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	// A release is tested as it is shipped.
	if program = os.Getenv("AETHER_TEST_PROGRAM"); program != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "aether-conformance-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the binary:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// Another user must be able to run it; see TestReadOnlyData.
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // it holds the binary only
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	program = filepath.Join(dir, "aether")
	build := exec.Command("go", "build", "-o", program, "../../cmd/aether")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
