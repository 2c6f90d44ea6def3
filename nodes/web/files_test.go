package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
)

// put writes a file into the working folder of an environment.
func put(t *testing.T, e *node.Env, name, content string) string {
	t.Helper()
	path := filepath.Join(e.Files.Dirs()[0], name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const uploading = `<label>Invoice <input type=file id=one></label><input type=file id=many multiple><div id=box><input type=file id=in style="display:none" multiple></div>
	<button id=b onclick="const f = document.createElement('input'); f.type = 'file'; f.multiple = true; f.onchange = async () => { out.textContent = f.files.length + ' ' + await f.files[0].text(); }; f.click()">Choose</button>
	<button id=none>Nothing</button><input type=file id=off disabled><input type=file id=eats onchange="this.value=''">
	<input type=file id=sends onchange="out.textContent = 'sent ' + this.files[0].name; this.value = ''"><p id=out></p>
	<div id=zone style="width:200px;height:80px;background:#eee">drop here</div><div id=deaf style="width:200px;height:80px">not here</div>
	<script>zone.ondragover = e => e.preventDefault(); zone.ondrop = async e => { e.preventDefault(); out.textContent = e.dataTransfer.files.length + ' dropped ' + await e.dataTransfer.files[0].text(); }</script>`

func TestUpload(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, uploading)
	put(t, e, "a.txt", "first")
	put(t, e, "b.txt", "second")
	for _, c := range []struct {
		target, by, names, look, want string
		files                         any
	}{
		{"label=Invoice", "auto", "[a.txt]", "one.files[0].text()", "first", "a.txt"},
		{"#many", "field", "[a.txt b.txt]", "many.files[1].text()", "second", []any{"a.txt", "b.txt"}},
		{"#box", "auto", "[b.txt]", "document.querySelector('#in').files[0].text()", "second", "b.txt"},
		{"#sends", "auto", "[a.txt]", "out.textContent", "sent a.txt", "a.txt"},
	} {
		out := run(t, e, "web.upload", map[string]any{"target": c.target, "by": c.by, "files": c.files})
		if got := inPage(t, e, c.look); got != c.want || fmt.Sprint(out["files"]) != c.names {
			t.Errorf("%s: the page has %q, the node says %v", c.target, got, out["files"])
		}
	}
	if out := run(t, e, "web.upload", map[string]any{"target": "#b", "files": []any{"a.txt", "b.txt"}}); fmt.Sprint(out["files"]) != "[a.txt b.txt]" {
		t.Errorf("by a chooser: %v", out)
	}
	run(t, e, "web.wait", map[string]any{"target": "#out", "text": "2 first", "match": "equals"})
	run(t, e, "web.upload", map[string]any{"target": "#zone", "files": []any{"b.txt", "a.txt"}, "by": "drop"})
	run(t, e, "web.wait", map[string]any{"target": "#out", "text": "2 dropped second"})

	must(t, e, "web.upload", "unchanged", map[string]any{"target": "#none", "files": "a.txt"})
	must(t, e, "web.upload", "wrong_kind", map[string]any{"target": "#none", "files": "a.txt", "by": "field"})
	must(t, e, "web.upload", "wrong_kind", map[string]any{"target": "#deaf", "files": "a.txt", "by": "drop"})
	must(t, e, "web.upload", "wrong_kind", map[string]any{"target": "#one", "files": []any{"a.txt", "b.txt"}})
	must(t, e, "web.upload", "disabled", map[string]any{"target": "#off", "files": "a.txt"})
	if got := inPage(t, e, "location.protocol"); got != "http:" {
		t.Errorf("a file that was dropped beside was opened: %s", got)
	}
	for _, c := range []struct{ file, kind string }{{"none.txt", node.KindNotFound}, {"/etc/passwd", node.KindDenied}, {".", node.KindInput}} {
		if f := fails(t, e, "web.upload", map[string]any{"target": "#one", "files": c.file}); f.Kind != c.kind {
			t.Errorf("%s: %+v", c.file, f)
		}
	}
}

// downloads is a site whose paths are files to download.
func downloads(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><a href="/file">File</a><a href="/new" target=_blank>New</a><a href="/empty">Empty</a><a href="/cut">Cut</a><a href="/gone">Gone</a><a href="/stuck">Stuck</a><button id=none>Nothing</button>
			<button id=blob onclick="const a = document.createElement('a'); a.href = window.URL.createObjectURL(new Blob(['made'])); a.download = 'made.txt'; a.click()">Blob</button>`)
	})
	send := func(path, disposition, content string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			if disposition != "" {
				w.Header().Set("Content-Disposition", disposition)
			}
			w.Header().Set("Content-Type", "application/pdf")
			fmt.Fprint(w, content)
		})
	}
	send("/file", `attachment; filename="orders ä.csv"`, "a;b")
	send("/new", `attachment; filename=new.txt`, "new")
	send("/empty", `attachment; filename=empty.txt`, "")
	send("/shown.pdf", "", "%PDF-1.4 shown")
	send("/inline", `inline; filename="named.pdf"`, "%PDF-1.4 inline")
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", "attachment; filename=cut.bin")
		w.Header().Set("Content-Length", "100000")
		fmt.Fprint(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/stuck", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", "attachment; filename=stuck.zip")
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Content-Length", "1000000")
		fmt.Fprint(w, strings.Repeat("half", 20000))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no more", http.StatusGone)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

func TestDownload(t *testing.T) {
	t.Parallel()
	e := env(t)
	url := downloads(t)
	run(t, e, "web.goto", map[string]any{"url": url})
	if err := os.Mkdir(filepath.Join(e.Files.Dirs()[0], "there"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                string
		params              map[string]any
		file, want, content string
	}{
		{"a link", map[string]any{"target": "text=File", "to": "in.csv"}, "in.csv", "", "a;b"},
		{"a folder", map[string]any{"target": "text=File", "to": "made/"}, "made/orders ä.csv", "orders ä.csv", "a;b"},
		{"a folder that is there", map[string]any{"target": "text=Blob", "to": "there"}, "there/made.txt", "made.txt", "made"},
		{"in a new tab", map[string]any{"target": "text=New", "to": "n.txt"}, "n.txt", "new.txt", "new"},
		{"an address", map[string]any{"url": url + "/file", "to": "u.csv"}, "u.csv", "", "a;b"},
		{"what would be shown", map[string]any{"url": url + "/shown.pdf", "to": "s.pdf"}, "s.pdf", "shown.pdf", "%PDF-1.4 shown"},
		{"what would be shown, with a name", map[string]any{"url": url + "/inline", "to": "named/"}, "named/named.pdf", "named.pdf", "%PDF-1.4 inline"},
		{"empty", map[string]any{"target": "text=Empty", "to": "e.txt", "allow_empty": true}, "e.txt", "empty.txt", ""},
	} {
		out := run(t, e, "web.download", c.params)
		path := filepath.Join(e.Files.Dirs()[0], filepath.FromSlash(c.file))
		b, err := os.ReadFile(path)
		sum := sha256.Sum256(b)
		if err != nil || string(b) != c.content || out["file"] != path || out["sha256"] != hex.EncodeToString(sum[:]) || fmt.Sprint(out["size"]) != fmt.Sprint(len(b)) || c.want != "" && out["name"] != c.want {
			t.Errorf("%s: %v; the file holds %q, %v", c.name, out, b, err)
		}
	}
	if got := inPage(t, e, "location.href"); got != url+"/" {
		t.Errorf("a download led the page to %s", got)
	}
	out := run(t, e, "web.download", map[string]any{"target": "text=File"})
	if b, err := os.ReadFile(fmt.Sprint(out["file"])); err != nil || string(b) != "a;b" || !strings.Contains(filepath.Base(fmt.Sprint(out["file"])), "orders") {
		t.Errorf("kept with the run: %v, %q, %v", out, b, err)
	}
}

func TestDownloadFails(t *testing.T) {
	t.Parallel()
	e := env(t)
	url := downloads(t)
	run(t, e, "web.goto", map[string]any{"url": url})
	for _, c := range []struct {
		kind   string
		params map[string]any
	}{
		{node.KindError, map[string]any{"target": "text=Empty", "to": "x"}},
		{node.KindNetwork, map[string]any{"target": "text=Cut", "to": "x"}},
		{node.KindTimeout, map[string]any{"target": "text=Stuck", "to": "x", "complete": "300ms"}},
		{node.KindHTTP, map[string]any{"url": url + "/gone", "to": "x"}},
		{node.KindNetwork, map[string]any{"url": "http://127.0.0.1:1/x", "to": "x"}},
		{node.KindTimeout, map[string]any{"url": url + "/", "to": "x", "timeout": "6s"}},
		{node.KindDenied, map[string]any{"url": url + "/file", "to": "/etc/x"}},
	} {
		if f := fails(t, e, "web.download", c.params); f.Kind != c.kind {
			t.Errorf("%v: %+v", c.params, f)
		}
	}
	must(t, e, "web.download", "waited", map[string]any{"target": "#none", "to": "x"})
	must(t, e, "web.download", "not_found", map[string]any{"target": "#other", "to": "x"})
	if _, err := os.Stat(filepath.Join(e.Files.Dirs()[0], "x")); !os.IsNotExist(err) {
		t.Errorf("a download that failed left a file: %v", err)
	}
	fails(t, e, "web.download", map[string]any{})
	run(t, e, "web.goto", map[string]any{"url": url})
	if f := fails(t, e, "web.download", map[string]any{"target": "text=Gone"}); f.Kind != node.KindHTTP || f.Code != "410" {
		t.Errorf("a link to a page that is gone: %+v", f)
	}
}
