package xml

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

func TestEncodings(t *testing.T) {
	const body = `<a>Müller €</a>`
	utf16 := func(e unicode.Endianness, b unicode.BOMPolicy, s string) string {
		out, err := unicode.UTF16(e, b).NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	wide, err := utf32.UTF32(utf32.LittleEndian, utf32.UseBOM).NewEncoder().String(body)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, bytes, encoding, found string }{
		{"plain", body, "auto", "utf-8"},
		{"mark", "\ufeff" + body, "auto", "utf-8"},
		{"windows", "<?xml version='1.0' encoding='windows-1252'?><a>M\xfcller \x80</a>", "auto", "windows-1252"},
		{"latin 9", "<?xml version=\"1.0\" encoding=\"ISO-8859-15\" ?><a>M\xfcller \xa4</a>", "auto", "iso-8859-15"},
		{"given", "<a>M\xfcller \x80</a>", "windows-1252", "windows-1252"},
		{"utf-16 le with mark", utf16(unicode.LittleEndian, unicode.UseBOM, body), "auto", "utf-16le"},
		{"utf-16 be without mark", utf16(unicode.BigEndian, unicode.IgnoreBOM, `<?xml version="1.0" encoding="UTF-16"?>`+body), "auto", "utf-16be"},
		{"utf-16 le without mark", utf16(unicode.LittleEndian, unicode.IgnoreBOM, body), "auto", "utf-16le"},
		{"utf-32", wide, "auto", "utf-32le"},
		{"claims utf-16", `<?xml version="1.0" encoding="UTF-16"?>` + body, "auto", "utf-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := nodetest.Env(t)
			put(t, env, "a.xml", tt.bytes)
			out := run(t, env, "xml.read", params{"file": "a.xml", "encoding": tt.encoding})
			if got := js(t, out["value"]); got != `{"a":"Müller €"}` || out["encoding"] != tt.found {
				t.Errorf("got %s in %v, want it in %s", got, out["encoding"], tt.found)
			}
			rows := run(t, env, "xml.rows", params{"file": "a.xml", "element": "a", "encoding": tt.encoding})
			if got := js(t, rows["rows"]); got != `[{"#text":"Müller €"}]` {
				t.Errorf("rows %s", got)
			}
		})
	}
	env := nodetest.Env(t)
	put(t, env, "bad.xml", "<?xml version='1.0' encoding='utf-8'?><a>\xff</a>")
	refused(t, env, "xml.read", params{"file": "bad.xml"}, "no UTF-8")
	put(t, env, "odd.xml", "<?xml version='1.0' encoding='klingon'?><a/>")
	refused(t, env, "xml.read", params{"file": "odd.xml"}, "no encoding")
	refused(t, env, "xml.read", params{"file": "none.xml"}, "none.xml")
	put(t, env, "big.xml", "<a>"+strings.Repeat("x", 1<<20)+"</a>")
	refused(t, env, "xml.read", params{"file": "big.xml", "max_size": 1}, "more than 1 MB")
}

func TestWrite(t *testing.T) {
	env := nodetest.Env(t)
	run(t, env, "xml.write", params{"file": "d/a.xml", "value": params{"a": params{"b": "Łódź ü"}}, "encoding": "windows-1252"})
	if got, want := get(t, env, "d/a.xml"), "<?xml version=\"1.0\" encoding=\"WINDOWS-1252\"?>\n<a>\n  <b>&#x141;\xf3d&#x17A; \xfc</b>\n</a>\n"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := js(t, run(t, env, "xml.read", params{"file": "d/a.xml"})["value"]); got != `{"a":{"b":"Łódź ü"}}` {
		t.Errorf("read back %s", got)
	}
	for _, e := range []string{"utf-16", "utf-16le", "utf-16be", "utf-32"} {
		run(t, env, "xml.write", params{"file": "w.xml", "text": "<?xml version='1.0' encoding='x'?><!-- c --><a>€😀</a>", "encoding": e})
		if got := js(t, run(t, env, "xml.read", params{"file": "w.xml"})["value"]); got != `{"a":"€😀"}` {
			t.Errorf("%s: read back %s", e, got)
		}
	}
	put(t, env, "old.xml", "<old/>")
	refused(t, env, "xml.write", params{"file": "old.xml", "text": "<a>"}, "well-formed")
	refused(t, env, "xml.write", params{"file": "old.xml", "value": params{"a": "\x01"}}, "cannot hold")
	refused(t, env, "xml.write", params{"file": "old.xml", "value": 1, "text": "<a/>"}, "both")
	refused(t, env, "xml.write", params{"file": "old.xml", "text": "<a/>", "encoding": "klingon"}, "no encoding")
	if got := get(t, env, "old.xml"); got != "<old/>" {
		t.Errorf("the old file became %q", got)
	}
	run(t, env, "xml.write", params{"file": "plain.xml", "text": "<?xml version='1.0'?>\n<a> <b/></a>", "pretty": false, "declaration": false})
	if got := get(t, env, "plain.xml"); got != "<a> <b/></a>" {
		t.Errorf("plain %q", got)
	}
}

func TestWriteRows(t *testing.T) {
	env := nodetest.Env(t)
	rows := []any{params{"@id": 1, "b": params{"c": nil}}, params{}}
	run(t, env, "xml.write_rows", params{"file": "r.xml", "rows": rows, "root": "x:all", "row": "x:one", "attributes": params{"xmlns:x": "u"}})
	want := "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x:all xmlns:x=\"u\">\n<x:one id=\"1\">\n  <b>\n    <c/>\n  </b>\n</x:one>\n  <x:one/>\n</x:all>\n"
	if got := get(t, env, "r.xml"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	back := run(t, env, "xml.rows", params{"file": "r.xml", "element": "one"})
	if got := js(t, back["rows"]); got != `[{"@id":"1","b":{"c":""}},{}]` {
		t.Errorf("read back %s", got)
	}
	refused(t, env, "xml.write_rows", params{"file": "r.xml", "rows": []any{1}}, "index 0 is a int")
	refused(t, env, "xml.write_rows", params{"file": "r.xml", "rows": []any{params{"a b": 1}}}, "no name")
}

func TestRowsPaths(t *testing.T) {
	env := nodetest.Env(t)
	put(t, env, "a.xml", `<r><g n="1"><i>1</i><i>2</i></g><h><i>3</i><i><i>nested</i></i></h></r>`)
	for path, want := range map[string]string{
		"i": `[{"#text":"1"},{"#text":"2"},{"#text":"3"},{"i":"nested"}]`, "g/i": `[{"#text":"1"},{"#text":"2"}]`, "/r/h/i": `[{"#text":"3"},{"i":"nested"}]`,
		"/r/*": `[{"@n":"1","i":["1","2"]},{"i":["3",{"i":"nested"}]}]`, "//h/i": `[{"#text":"3"},{"i":"nested"}]`, "/i": `[]`,
	} {
		if got := js(t, run(t, env, "xml.rows", params{"file": "a.xml", "element": path})["rows"]); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	refused(t, env, "xml.rows", params{"file": "a.xml", "element": "i[1]"}, "no path")
	refused(t, env, "xml.rows", params{"file": "a.xml", "element": "a//b"}, "no path")
}

// A file is read in far less memory than it has bytes.
func TestRowsInBoundedMemory(t *testing.T) {
	env := nodetest.Env(t)
	name := filepath.Join(env.Files.Dirs()[0], "big.xml")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	line := "<row><name>" + strings.Repeat("x", 1000) + "</name></row>\n"
	const n = 15_000
	if _, err := io.Copy(f, io.MultiReader(strings.NewReader("<all>"), strings.NewReader(strings.Repeat(line, n)), strings.NewReader("</all>"))); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	out, err := nodetest.RunRaw(t, env, "xml.rows", params{"file": "big.xml", "element": "row"})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if out["count"] != n {
		t.Errorf("found %v rows", out["count"])
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d MB are still held", grown>>20)
	}
}

// endless is an XML text that never ends.
type endless struct{ head, again string }

func (e *endless) Read(b []byte) (int, error) {
	if e.head != "" {
		n := copy(b, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	return copy(b, e.again), nil
}

func TestEndlessTokensAreCutOff(t *testing.T) {
	for _, e := range []*endless{{"<a>", "xxxxxxxx"}, {"<a b='", "xxxxxxxx"}} {
		path, _ := xmltree.ParsePath("zz")
		_, err := xmltree.Stream(context.Background(), e, xmltree.Options{}, path, func(*xmltree.Node) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "longer than 32 MB") {
			t.Errorf("error %v", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := xmltree.Stream(ctx, &endless{"<a>", "<b/>"}, xmltree.Options{}, nil, nil); err != context.Canceled { //nolint:errorlint // it must come as it is
		t.Errorf("cancelled: error %v", err)
	}
}

func TestEndlessElementIsCutOff(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads two million elements")
	}
	path, _ := xmltree.ParsePath("a")
	_, err := xmltree.Stream(context.Background(), &endless{"<a>", "<b/>"}, xmltree.Options{}, path, func(*xmltree.Node) error { return nil })
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint(xmltree.MaxNodes)) {
		t.Errorf("error %v", err)
	}
}
