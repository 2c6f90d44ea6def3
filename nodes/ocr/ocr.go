// Package ocr holds the nodes that read text from pictures and scans with
// Tesseract, which must be installed on the machine.
//
// Tesseract runs as a program of its own for each page, with bounded memory and
// time. Pages of PDF files are drawn by PDFium first (see nodes/pdf/pdfium).
package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/image/picture"
	"github.com/aether-rpa/aether/process"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.RegisterFamily(node.Family{Name: "ocr", Title: "OCR", Doc: "Read text from pictures and scans with Tesseract."})
}

// engine says how Tesseract reads.
type engine struct {
	Language string            `json:"language" default:"eng" doc:"Language of the text, as Tesseract calls it: eng, deu, fra; several with a plus, deu+eng. Each must be installed; see ocr.list_languages."`
	Mode     string            `json:"mode" default:"auto" enum:"auto,column,block,line,word,sparse,character,upright" doc:"What the picture holds. auto: a page. column: one column of text of different sizes. block: one block of text, such as a table or paragraph. line, word, character: one of these. sparse: text here and there, as in a form or a screenshot. upright: a page that may lie on its side or head (needs the language osd)."`
	Settings map[string]string `json:"settings" is:"advanced" doc:"Settings of Tesseract by name, for instance tessedit_char_whitelist: 0123456789."`
	Program  string            `json:"program" is:"advanced" doc:"Tesseract to use: its name or path. Empty looks for tesseract in PATH and in the usual places."`
	Data     string            `json:"data_folder" is:"advanced" widget:"folder" doc:"Folder with trained data (.traineddata) instead of that of the machine."`
	Timeout  time.Duration     `json:"timeout" default:"2m" min:"0.1" doc:"How long the work on one page may take."`
	Memory   int               `json:"memory" default:"2147483648" min:"67108864" group:"Limits" is:"advanced" doc:"Bytes of memory that Tesseract may use, on Linux and Windows. The default is 2 GiB."`
}

var (
	languageRE = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_/-]*(\+[A-Za-z][A-Za-z0-9_/-]*)*$`)
	settingRE  = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	modes      = map[string]string{"auto": "3", "column": "4", "block": "6", "line": "7", "word": "8", "sparse": "11", "character": "10", "upright": "1"}
)

func (e engine) check() error {
	if !languageRE.MatchString(e.Language) {
		return input("write languages like eng or deu+eng", "%q is not a language", e.Language)
	}
	for k, v := range e.Settings {
		if !settingRE.MatchString(k) || strings.ContainsAny(v, "\x00\n") {
			return input("see tesseract --print-parameters for the settings there are", "%q cannot be a setting", k)
		}
		if strings.HasSuffix(k, "_file") || strings.HasSuffix(k, "_filename") || strings.Contains(k, "write") || strings.Contains(k, "dump") {
			return input("leave it out", "the setting %s makes Tesseract read or write other files and is not allowed", k)
		}
	}
	return nil
}

func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

// programs are where Tesseract is, in order.
func programs() []string {
	switch runtime.GOOS {
	case "windows":
		return []string{"tesseract", `C:\Program Files\Tesseract-OCR\tesseract.exe`}
	case "darwin":
		return []string{"tesseract", "/opt/homebrew/bin/tesseract", "/usr/local/bin/tesseract"}
	}
	return []string{"tesseract", "/usr/bin/tesseract", "/usr/local/bin/tesseract"}
}

func (e engine) find(env *node.Env) (string, error) {
	names := programs()
	if e.Program != "" {
		names = []string{e.Program}
	}
	for _, n := range names {
		if p, err := process.Find(n, env.Environ, ""); err == nil {
			return p, nil
		}
	}
	return "", node.Fail(node.KindNotFound, "Tesseract is not installed on this machine",
		"install it (Debian and Ubuntu: apt-get install tesseract-ocr and a language such as tesseract-ocr-deu; macOS: brew install tesseract; Windows: the installer of UB Mannheim), or give its path in program")
}

// args are what all calls have in common.
func (e engine) args(env *node.Env) ([]string, error) {
	args := []string{"-l", e.Language, "--psm", modes[e.Mode]}
	if e.Data != "" {
		abs, err := env.Files.Abs(e.Data)
		if err != nil {
			return nil, tell(err, e.Data)
		}
		args = append(args, "--tessdata-dir", abs)
	}
	for _, k := range slices.Sorted(keys(e.Settings)) {
		args = append(args, "-c", k+"="+e.Settings[k])
	}
	return args, nil
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// run starts Tesseract in a folder and returns what it printed.
func (e engine) run(ctx context.Context, env *node.Env, program, dir, what string, args ...string) (string, error) {
	inner, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	// One thread: the page itself is small, and other work wants the rest.
	environ := append(slices.Clone(env.Environ), "OMP_THREAD_LIMIT=1")
	res, err := process.Run(inner, process.Cmd{Path: program, Args: args, Dir: dir, Env: environ, Stdout: &stdout, Stderr: &stderr, MaxOutput: 1 << 20, Memory: int64(e.Memory)})
	var limit *process.LimitError
	switch {
	case err == nil && res.ExitCode == 0:
		return stdout.String(), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return "", node.Fail(node.KindTimeout, fmt.Sprintf("reading %s took longer than %s", what, e.Timeout), "raise timeout, lower dpi, or read a part of the page")
	case errors.As(err, &limit):
		return "", input("lower dpi, read a part of the page, or raise memory", "reading %s was stopped: %v", what, limit)
	case err != nil:
		return "", node.Fail(node.KindError, "Tesseract could not be started: "+err.Error(), "check the installation")
	}
	return "", e.refused(what, dir, stderr.String(), res)
}

// refused explains why Tesseract gave up.
func (e engine) refused(what, dir, said string, res process.Result) error {
	said = strings.ReplaceAll(said, dir, "")
	if strings.Contains(said, "Failed loading language") || strings.Contains(said, "loading language") || strings.Contains(said, "couldn't load any languages") {
		return node.Fail(node.KindNotFound, "Tesseract has no trained data for the language "+e.Language, "install it (Debian and Ubuntu: apt-get install tesseract-ocr-"+strings.ReplaceAll(strings.Split(e.Language, "+")[0], "_", "-")+"), or choose one that ocr.list_languages shows")
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if len(last) > 200 {
		last = strings.ToValidUTF8(last[:200], "") + "…"
	}
	if last == "" {
		last = fmt.Sprintf("it ended with exit code %d %s", res.ExitCode, res.Signal)
	}
	return input("check the picture and the settings", "Tesseract could not read %s: %s", what, last)
}

// tempDir makes a folder of this call in that of the run.
func tempDir(env *node.Env) (string, error) {
	base, err := env.TempDir()
	if err != nil {
		return "", fmt.Errorf("making a temporary folder: %w", err)
	}
	return os.MkdirTemp(base, "ocr-*")
}

// region is a part of a picture, in its pixels.
type region struct {
	X      int `json:"x" min:"0" doc:"Left edge in pixels."`
	Y      int `json:"y" min:"0" doc:"Upper edge in pixels."`
	Width  int `json:"width" is:"required" min:"1" doc:"Width in pixels."`
	Height int `json:"height" is:"required" min:"1" doc:"Height in pixels."`
}

// maxFile bounds the file of a picture, in bytes.
const maxFile = 512 << 20

// load reads a picture, cut to a region. A picture whose header promises more
// pixels than allowed is not unpacked.
func load(f io.Reader, name string, maxPixels int, r *region) (image.Image, error) {
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, input("make the picture smaller", "%s has more than %d MiB", name, maxFile>>20)
	}
	img, _, err := picture.Decode(data, maxPixels)
	var large *picture.TooLargeError
	switch {
	case errors.Is(err, picture.ErrUnknown):
		return nil, input("use a PNG, JPEG, TIFF, BMP, GIF or WebP picture, or a PDF", "%s is not a picture that can be read", name)
	case errors.As(err, &large):
		return nil, input("make the picture smaller, or raise max_pixels", "%s has %d x %d pixels, more than max_pixels allows", name, large.Width, large.Height)
	case err != nil:
		return nil, input("open the picture in a viewer and save it again", "%s cannot be read: %v", name, err)
	}
	return cut(img, name, r)
}

func cut(img image.Image, name string, r *region) (image.Image, error) {
	if r == nil {
		return img, nil
	}
	b := img.Bounds()
	want := image.Rect(b.Min.X+r.X, b.Min.Y+r.Y, b.Min.X+r.X+r.Width, b.Min.Y+r.Y+r.Height).Intersect(b)
	if want.Empty() {
		return nil, input("choose a region inside the picture", "the region lies outside of %s, which has %d x %d pixels", name, b.Dx(), b.Dy())
	}
	sub, ok := img.(interface {
		SubImage(image.Rectangle) image.Image
	})
	if !ok {
		return nil, input("save the picture as PNG", "no part can be cut out of a picture of this kind")
	}
	return sub.SubImage(want), nil
}

// savePNG writes a picture for Tesseract; little packing, since it is read once.
func savePNG(path string, img image.Image) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	return errors.Join(enc.Encode(f, img), f.Close())
}

func isPDF(f io.ReadSeeker) (bool, error) {
	head := make([]byte, 1024)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return bytes.Contains(head[:n], []byte("%PDF-")), err
}

// tell turns errors of the file system into failures.
func tell(err error, path string) error {
	var f *node.Failure
	var outside *workspace.OutsideError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f), errors.As(err, &outside), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, path+" does not exist", "check the path; relative paths start in the flow's working folder")
	case errors.Is(err, fs.ErrPermission):
		return node.Fail(node.KindDenied, err.Error(), "check the rights of the file and of its folder")
	}
	return node.Fail(node.KindError, err.Error(), "")
}
