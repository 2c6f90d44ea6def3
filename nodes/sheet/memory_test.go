package sheet

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/workspace"
)

// memoryLimit is how much a process may hold that reads or writes a sheet of a
// million rows.
const memoryLimit = 256 << 20

// bigRows is how many rows the test of memory moves: AETHER_TEST_ROWS=1000000
// for the figure that counts.
func bigRows(t *testing.T) int {
	if s := os.Getenv("AETHER_TEST_ROWS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 20_000
}

// bigXLSX writes a sheet of eight columns, as Excel does it: texts in a shared
// table, three different ones in each row.
func bigXLSX(t *testing.T, path string, rows int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	part := func(name string, fill func(w *bufio.Writer)) {
		p, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(p)
		fill(w)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	text := func(s string) func(w *bufio.Writer) { return func(w *bufio.Writer) { fmt.Fprint(w, s) } }
	part("xl/workbook.xml", text(`<workbook xmlns:r="r"><sheets><sheet name="Big" sheetId="1" r:id="r1"/></sheets></workbook>`))
	part("xl/_rels/workbook.xml.rels", text(`<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="r3" Type="x/styles" Target="styles.xml"/></Relationships>`))
	part("xl/styles.xml", text(`<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`))
	part("xl/sharedStrings.xml", func(w *bufio.Writer) {
		fmt.Fprint(w, `<sst>`)
		for i := range 8 {
			fmt.Fprintf(w, "<si><t>column %d</t></si>", i)
		}
		for i := range rows {
			fmt.Fprintf(w, "<si><t>customer number %d of many</t></si><si><t>street %d, town</t></si><si><t>note %d</t></si>", i, i, i)
		}
		fmt.Fprint(w, `</sst>`)
	})
	part("xl/worksheets/sheet1.xml", func(w *bufio.Writer) {
		fmt.Fprint(w, `<worksheet><dimension ref="A1:XFD1048576"/><sheetData><row r="1">`)
		for i := range 8 {
			fmt.Fprintf(w, `<c r="%c1" t="s"><v>%d</v></c>`, 'A'+i, i)
		}
		fmt.Fprint(w, `</row>`)
		for i := range rows {
			r, s := i+2, 8+3*i
			fmt.Fprintf(w, `<row r="%d"><c r="A%d"><v>%d</v></c><c r="B%d" t="s"><v>%d</v></c><c r="C%d" t="s"><v>%d</v></c><c r="D%d" t="s"><v>%d</v></c><c r="E%d"><v>%d.25</v></c><c r="F%d" s="1"><v>%d</v></c><c r="G%d" t="b"><v>%d</v></c><c r="H%d"><f>E%d*2</f><v>%d.5</v></c></row>`,
				r, r, i, r, s, r, s+1, r, s+2, r, i, r, 40000+i%9000, r, i%2, r, r, 2*i)
		}
		fmt.Fprint(w, `</sheetData></worksheet>`)
	})
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMemory reads and writes a large sheet in a process of its own and looks
// at the most memory that this ever held.
func TestMemory(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("it moves a large file and reads /proc")
	}
	dir := t.TempDir()
	rows := bigRows(t)
	bigXLSX(t, filepath.Join(dir, "big.xlsx"), rows)
	for _, job := range []string{"read", "read_ods", "read_csv", "write", "convert"} {
		t.Run(job, func(t *testing.T) {
			if job == "read_ods" || job == "read_csv" {
				to := map[string]string{"read_ods": "big.ods", "read_csv": "big.csv"}[job]
				child(t, dir, "convert_to_"+filepath.Ext(to)[1:], rows)
			}
			peak := child(t, dir, job, rows)
			t.Logf("%d rows: it held %d MiB at most", rows, peak>>20)
			if peak > memoryLimit {
				t.Errorf("it held %d MiB, more than %d", peak>>20, memoryLimit>>20)
			}
		})
	}
}

func child(t *testing.T, dir, job string, rows int) int64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMemoryChild$", "-test.v")
	cmd.Env = append(os.Environ(), "SHEET_CHILD="+job, "SHEET_DIR="+dir, "SHEET_ROWS="+strconv.Itoa(rows))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%.3000s", job, err, out)
	}
	_, rest, ok := strings.Cut(string(out), "peak=")
	if !ok {
		t.Fatalf("%s printed no peak:\n%.2000s", job, out)
	}
	peak, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return peak
}

// TestMemoryChild is the process that TestMemory starts.
func TestMemoryChild(t *testing.T) {
	job := os.Getenv("SHEET_CHILD")
	if job == "" {
		t.Skip("TestMemory runs it")
	}
	dir := os.Getenv("SHEET_DIR")
	rows, _ := strconv.Atoi(os.Getenv("SHEET_ROWS"))
	roots, err := workspace.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	env := nodetest.Env(t)
	env.Files, env.Artifacts = roots, disk.Open(t.TempDir())
	read := func(file string) *value.Ref {
		out, err := nodetest.RunRaw(t, env, "sheet.read", params{"file": file})
		if err != nil {
			t.Fatal(err)
		}
		ref, ok := out["rows"].(*value.Ref)
		if !ok || out["count"] != rows {
			t.Fatalf("read %v rows as a %T", out["count"], out["rows"])
		}
		return ref
	}
	switch job {
	case "read":
		ref := read("big.xlsx")
		rc, err := ref.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer rc.Close()
		line, err := bufio.NewReader(rc).ReadString('\n')
		want := `{"column 0":0,"column 1":"customer number 0 of many","column 2":"street 0, town","column 3":"note 0","column 4":0.25,"column 5":"2009-07-06","column 6":false,"column 7":0.5}`
		if err != nil || strings.TrimSpace(line) != want {
			t.Errorf("the first row is %s, %v", line, err)
		}
	case "read_ods":
		read("big.ods")
	case "read_csv":
		read("big.csv")
	case "write":
		f := map[string]any{"file": "copy.xlsx", "rows": read("big.xlsx"), "existing": "file", "columns": []any{"column 0", "column 1", "column 2", "column 3", "column 4", "column 5", "column 6", "column 7"}}
		do(t, env, "sheet.write", f)
	case "convert_to_ods", "convert_to_csv":
		do(t, env, "sheet.convert", params{"file": "big.xlsx", "to": "big." + job[len(job)-3:]})
	case "convert":
		do(t, env, "sheet.convert", params{"file": "big.xlsx", "to": "other.xlsx"})
	}
	fmt.Printf("peak=%d\n", peakMemory(t))
}

func peakMemory(t *testing.T) int64 {
	t.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
