package doc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/process"
)

func init() {
	node.Register(node.Spec[toPDFIn, convertOut]{
		Type:  "doc.to_pdf",
		Title: "Convert document to PDF",
		Doc: "Converts a Word document, or another that LibreOffice opens (OpenDocument, RTF, HTML, text, spreadsheets, presentations, pictures), to PDF. " +
			"LibreOffice must be installed. Fonts that are missing on this machine are replaced by others, so lines may break elsewhere than in Word. Macros are not run, and nothing is fetched from the network.",
		Effect: node.Idempotent,
		Examples: []node.Example[toPDFIn, convertOut]{{
			Title:   "A filled-in letter",
			In:      toPDFIn{common: common{File: "letter.docx"}, To: "letter.pdf"},
			DocOnly: "needs LibreOffice",
		}},
		Run: func(ctx context.Context, env *node.Env, in toPDFIn) (convertOut, error) {
			to := in.To
			if to == "" {
				to = strings.TrimSuffix(in.File, filepath.Ext(in.File)) + ".pdf"
			}
			return in.convert(ctx, env, to, "pdf")
		},
	})
	node.Register(node.Spec[convertIn, convertOut]{
		Type:  "doc.convert",
		Title: "Convert document",
		Doc: "Converts a document from one format to another: old .doc, .odt, .rtf and .html to .docx, .docx to .odt, .txt or .html, and what else LibreOffice can. " +
			"LibreOffice must be installed. Macros are not run, and nothing is fetched from the network, so pictures that an HTML file only links to are missing.",
		Effect: node.Idempotent,
		Examples: []node.Example[convertIn, convertOut]{{
			Title:   "An old Word file",
			In:      convertIn{common: common{File: "old.doc"}, To: "new.docx"},
			DocOnly: "needs LibreOffice",
		}},
		Check: func(in convertIn) error {
			if in.Format == "auto" && strings.Contains(in.To, "{{") {
				return nil
			}
			_, err := in.format()
			return err
		},
		Run: func(ctx context.Context, env *node.Env, in convertIn) (convertOut, error) {
			format, err := in.format()
			if err != nil {
				return convertOut{}, err
			}
			return in.convert(ctx, env, in.To, format)
		},
	})
}

type common struct {
	File    string        `json:"file" is:"required" widget:"file" doc:"Document to convert."`
	Timeout time.Duration `json:"timeout" default:"2m" min:"1" doc:"How long the conversion may take; then it is stopped."`
	Program string        `json:"program" is:"advanced" doc:"LibreOffice to use: its name or path. Empty looks for soffice and libreoffice in PATH and in the usual places."`
}

type toPDFIn struct {
	common
	To string `json:"to" widget:"file" doc:"PDF file to write; one that is there is replaced. Empty takes the name of the document with the ending .pdf."`
}

type convertIn struct {
	common
	To     string `json:"to" is:"required" widget:"file" doc:"File to write; one that is there is replaced."`
	Format string `json:"format" default:"auto" enum:"auto,docx,doc,odt,rtf,txt,html,pdf,xlsx,ods,csv,pptx,odp,png" doc:"Format to write; auto goes by the ending of to."`
}

func (in convertIn) format() (string, error) {
	f := in.Format
	if f == "auto" || f == "" {
		f = strings.ToLower(strings.TrimPrefix(filepath.Ext(in.To), "."))
		if f == "htm" {
			f = "html"
		}
	}
	if filters[f] == "" {
		return "", input("give to an ending such as .docx, .odt, .pdf or .txt, or choose format", "%q is not a format to convert to", f)
	}
	return f, nil
}

// filters are what LibreOffice calls formats where the ending alone means
// another thing than people expect.
var filters = map[string]string{
	"docx": "docx:MS Word 2007 XML", "doc": "doc:MS Word 97", "odt": "odt:writer8", "rtf": "rtf:Rich Text Format",
	"txt": "txt:Text (encoded):UTF8", "html": "html:HTML (StarWriter):EmbedImages", "pdf": "pdf",
	"xlsx": "xlsx", "ods": "ods", "csv": "csv", "pptx": "pptx", "odp": "odp", "png": "png",
}

type convertOut struct {
	File    string  `json:"file" doc:"Path of the file written."`
	Size    int     `json:"size" doc:"Its size in bytes."`
	Seconds float64 `json:"seconds" doc:"How long the conversion took."`
}

// programs are where LibreOffice is, in order.
func programs() []string {
	out := []string{"soffice", "libreoffice"}
	switch runtime.GOOS {
	case "windows":
		out = append(out, `C:\Program Files\LibreOffice\program\soffice.exe`, `C:\Program Files (x86)\LibreOffice\program\soffice.exe`)
	case "darwin":
		out = append(out, "/Applications/LibreOffice.app/Contents/MacOS/soffice")
	default:
		out = append(out, "/usr/lib/libreoffice/program/soffice", "/opt/libreoffice/program/soffice", "/snap/bin/libreoffice")
	}
	return out
}

func (in common) find(env *node.Env) (string, error) {
	names := programs()
	if in.Program != "" {
		names = []string{in.Program}
	}
	for _, n := range names {
		if p, err := process.Find(n, env.Environ, ""); err == nil {
			return p, nil
		}
	}
	return "", node.Fail(node.KindNotFound, "LibreOffice is not installed on this machine", "install it (Debian and Ubuntu: apt-get install libreoffice-writer; Windows and macOS: libreoffice.org), or give its path in program")
}

// settings keep LibreOffice from running macros and from going to the network,
// whatever the document asks for: linked files are not loaded, and what is
// fetched all the same goes to a proxy that does not exist.
const settings = `<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetProxyType" oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyName" oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyPort" oor:op="fuse"><value>9</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPSProxyName" oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPSProxyPort" oor:op="fuse"><value>9</value></prop></item>
</oor:items>
`

// convert has LibreOffice work in a folder of its own, with a profile of its
// own, so that several can run at a time and the user's own is left alone.
func (in common) convert(ctx context.Context, env *node.Env, to, format string) (convertOut, error) {
	out := convertOut{File: to}
	source, err := env.Files.Open(in.File)
	if err != nil {
		return out, tell(err, in.File)
	}
	defer source.Close()
	if info, err := source.Stat(); err != nil || info.IsDir() {
		return out, input("give the path of a document", "%s is a folder", in.File)
	}
	program, err := in.find(env)
	if err != nil {
		return out, err
	}
	work, err := tempDir(env)
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(work)
	profile := filepath.Join(work, "profile")
	given := filepath.Join(work, "in", "document"+harmless(filepath.Ext(in.File)))
	err = errors.Join(os.MkdirAll(filepath.Join(profile, "user"), 0o700), os.MkdirAll(filepath.Dir(given), 0o700), os.MkdirAll(filepath.Join(work, "out"), 0o700))
	if err == nil {
		err = os.WriteFile(filepath.Join(profile, "user", "registrymodifications.xcu"), []byte(settings), 0o600)
	}
	if err == nil {
		err = copyTo(given, source)
	}
	if err != nil {
		return out, fmt.Errorf("preparing the conversion: %w", err)
	}
	start := env.Now()
	made, said, err := in.office(ctx, env, program, work, profile, given, format)
	if err != nil {
		return out, err
	}
	out.Seconds = env.Now().Sub(start).Seconds()
	f, err := os.Open(made)
	if err != nil {
		return out, input("check that the document opens in LibreOffice, and that its kind can become a ."+format+" file", "%s could not be converted%s", in.File, said)
	}
	defer f.Close()
	err = env.Files.WriteAtomic(to, 0o644, func(w io.Writer) error {
		n, err := io.Copy(w, f)
		out.Size = int(n)
		return err
	})
	return out, tell(err, to)
}

// office runs LibreOffice and returns the path of what it makes and what it
// said.
func (in common) office(ctx context.Context, env *node.Env, program, work, profile, given, format string) (made, said string, err error) {
	args := []string{"-env:UserInstallation=" + fileURL(profile), "--headless", "--norestore", "--nolockcheck", "--nodefault", "--nofirststartwizard"}
	switch strings.ToLower(filepath.Ext(given)) {
	case ".html", ".htm": // else it is opened for the web, without pages
		args = append(args, "--infilter=HTML (StarWriter)")
	case ".txt":
		args = append(args, "--infilter=Text (encoded):UTF8")
	}
	args = append(args, "--convert-to", filters[format], "--outdir", filepath.Join(work, "out"), given)
	inner, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	environ := append([]string{}, env.Environ...)
	if runtime.GOOS != "windows" {
		environ = append(environ, "HOME="+work) // some parts write beside the profile
	}
	res, err := process.Run(inner, process.Cmd{Path: program, Args: args, Dir: work, Env: environ, Stdout: &stdout, Stderr: &stderr, MaxOutput: 64 << 10, Memory: 4 << 30})
	var limit *process.LimitError
	switch {
	case err == nil && res.ExitCode == 0:
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return "", "", node.Fail(node.KindTimeout, fmt.Sprintf("the conversion of %s took longer than %s", in.File, in.Timeout), "raise timeout, or check that the document opens in LibreOffice")
	case errors.As(err, &limit):
		return "", "", input("use a smaller document", "the conversion of %s was stopped: %v", in.File, limit)
	case err != nil:
		return "", "", node.Fail(node.KindError, "LibreOffice could not be started: "+err.Error(), "check the installation")
	}
	said = strings.TrimSpace(stderr.String())
	if i := strings.LastIndexByte(said, '\n'); i >= 0 {
		said = said[i+1:]
	}
	said = strings.ReplaceAll(said, work, "")
	if res.ExitCode != 0 {
		said += fmt.Sprintf(" (exit code %d)", res.ExitCode)
	}
	if len(said) > 300 {
		said = strings.ToValidUTF8(said[:300], "")
	}
	if said != "" {
		said = ": " + said
	}
	name := strings.TrimSuffix(filepath.Base(given), filepath.Ext(given))
	return filepath.Join(work, "out", name+"."+format), said, nil
}

// tempDir makes a folder of this call in that of the run.
func tempDir(env *node.Env) (string, error) {
	base, err := env.TempDir()
	if err != nil {
		return "", fmt.Errorf("making a temporary folder: %w", err)
	}
	return os.MkdirTemp(base, "office-*")
}

// harmless keeps an ending that is one, for LibreOffice goes by it.
func harmless(ext string) string {
	for _, r := range strings.TrimPrefix(ext, ".") {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return ""
		}
	}
	if len(ext) > 10 {
		return ""
	}
	return strings.ToLower(ext)
}

func fileURL(path string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return (&url.URL{Scheme: "file", Path: p}).String()
}

func copyTo(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fs.FileMode(0o600))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
