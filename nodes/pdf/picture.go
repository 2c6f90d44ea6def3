package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/image/picture"
	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
)

func init() {
	node.Register(node.Spec[toImagesIn, toImagesOut]{
		Type:   "pdf.to_images",
		Title:  "Turn PDF pages into pictures",
		Doc:    "Draws pages of a PDF file as pictures, one file for each page, as a viewer shows them: with annotations and filled form fields, on white. Files that are there are replaced.",
		Effect: node.Idempotent,
		Examples: []node.Example[toImagesIn, toImagesOut]{{
			Title: "A preview",
			Files: map[string]string{"hello.pdf": helloPDF},
			In:    toImagesIn{source: source{File: "hello.pdf"}, Folder: "out", DPI: 72},
			Check: func(o toImagesOut) error {
				if o.Count != 1 || filepath.ToSlash(o.Files[0]) != "out/hello_1.png" || o.Pages[0]["width"] != 300 {
					return errors.New("the picture was not drawn")
				}
				return nil
			},
		}},
		Check: func(in toImagesIn) error { return checkName(in.Name) },
		Run:   toImages,
	})
	node.Register(node.Spec[fromImagesIn, changedOut]{
		Type:   "pdf.from_images",
		Title:  "Make PDF from pictures",
		Doc:    "Makes a PDF file of pictures, one on each page. PNG, JPEG, TIFF and WebP are understood; of a TIFF with several pages the first is taken. JPEG files are put in as they are, without loss; only a photo that its camera noted to lie on its side or head is put upright and packed anew.",
		Effect: node.Idempotent,
		Examples: []node.Example[fromImagesIn, changedOut]{{
			Title: "One page as large as the picture",
			Files: map[string]string{"dot.png": dotPNG},
			In:    fromImagesIn{Images: []string{"dot.png"}, To: "dot.pdf"},
			Check: wantPages(1),
		}},
		Run: fromImages,
	})
	node.Register(node.Spec[extractImagesIn, extractImagesOut]{
		Type:   "pdf.extract_images",
		Title:  "Extract pictures of PDF",
		Doc:    "Writes the pictures inside a PDF file to files, in the form they are stored in: JPEG as JPEG, others as PNG or TIFF. A picture used on several pages is written once for each page. Drawings made of lines are no pictures; use pdf.to_images for them. Pictures in a form that cannot be unpacked are left out.",
		Effect: node.Idempotent,
		Examples: []node.Example[extractImagesIn, extractImagesOut]{{
			Title: "A file without pictures",
			Files: map[string]string{"hello.pdf": helloPDF},
			In:    extractImagesIn{source: source{File: "hello.pdf"}, Folder: "out"},
			Out:   extractImagesOut{Files: []string{}, Images: []map[string]any{}},
		}},
		Run: extractImages,
	})
}

type toImagesIn struct {
	source
	Pages     []string `json:"pages" doc:"Pages to draw: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4). Empty is all."`
	Folder    string   `json:"folder" is:"required" widget:"folder" doc:"Folder for the pictures; it is made if it is not there."`
	Name      string   `json:"name" default:"{name}_{page}" is:"raw" doc:"Name of each picture: {name} stands for the name of the PDF file, {page} for the number of the page, {n} for the number of the picture. {page:03} writes three digits. The ending is added."`
	Format    string   `json:"format" default:"png" enum:"png,jpg,jpeg,tiff,bmp" doc:"Format of the pictures; jpg and jpeg are the same but for the ending."`
	DPI       int      `json:"dpi" default:"150" min:"10" max:"1200" doc:"Dots to the inch: 72 gives a picture as large as the page has points, 300 is for print and OCR."`
	Gray      bool     `json:"gray" doc:"Draw in shades of gray."`
	Quality   int      `json:"quality" default:"90" min:"1" max:"100" when:"format=jpg" doc:"Quality of a JPEG."`
	MaxPixels int      `json:"max_pixels" default:"100000000" min:"1" max:"200000000" group:"Limits" is:"advanced" doc:"Most pixels of one picture."`
}

type toImagesOut struct {
	Files     []string         `json:"files" doc:"Paths of the pictures, in order of the pages."`
	Pages     []map[string]any `json:"pages" doc:"A row for each picture: page, file, width and height in pixels."`
	Count     int              `json:"count" doc:"How many pictures were written."`
	PageCount int              `json:"page_count" doc:"How many pages the document has."`
}

func toImages(ctx context.Context, env *node.Env, in toImagesIn) (toImagesOut, error) {
	out := toImagesOut{Files: []string{}, Pages: []map[string]any{}}
	stem := strings.TrimSuffix(filepath.Base(in.File), filepath.Ext(in.File))
	used := map[string]bool{}
	err := in.read(ctx, env, func(ctx context.Context, d *pdfium.Doc) error {
		pages, err := pageList(in.Pages, d.Pages())
		if err != nil {
			return err
		}
		out.PageCount = d.Pages()
		for i, p := range pages {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := d.Render(p, in.DPI, in.Gray, in.MaxPixels, func(img image.Image) error {
				name := unused(expand(in.Name, map[string]any{"name": stem, "page": p, "n": i + 1, "from": p, "to": p, "title": ""}), "."+in.Format, used)
				file := path.Join(filepath.ToSlash(in.Folder), name)
				if err := env.Files.WriteAtomic(file, 0o644, func(w io.Writer) error { return writePicture(w, img, in.Format, in.Quality) }); err != nil {
					return tell(err, file)
				}
				b := img.Bounds()
				out.Files = append(out.Files, file)
				out.Pages = append(out.Pages, map[string]any{"page": p, "file": file, "width": b.Dx(), "height": b.Dy()})
				return nil
			})
			if err != nil {
				return err
			}
			env.Progress("drawing pages", i+1, len(pages))
		}
		return nil
	})
	out.Count = len(out.Files)
	return out, err
}

func writePicture(w io.Writer, img image.Image, format string, quality int) error {
	switch format {
	case "jpg", "jpeg":
		return jpeg.Encode(w, img, &jpeg.Options{Quality: quality})
	case "tiff":
		return tiff.Encode(w, img, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	case "bmp":
		return bmp.Encode(w, img)
	}
	return png.Encode(w, img)
}

type fromImagesIn struct {
	Images      []string `json:"images" is:"required" doc:"Picture files, in the order of the pages."`
	To          string   `json:"to" is:"required" widget:"file" doc:"File to write; one that is there is replaced."`
	PageSize    string   `json:"page_size" default:"image" enum:"image,A3,A4,A5,Letter,Legal" doc:"Size of the pages: image makes each as large as its picture, the others put the picture into the middle."`
	Orientation string   `json:"orientation" default:"auto" enum:"auto,portrait,landscape" doc:"How pages of a fixed size lie; auto follows each picture."`
	Margin      float64  `json:"margin" default:"0" min:"0" max:"200" doc:"Space around the picture in points, on pages of a fixed size."`
	DPI         int      `json:"dpi" default:"96" min:"10" max:"2400" when:"page_size=image" doc:"How many pixels of a picture make an inch of its page."`
	limits
}

// maxPicture bounds the pixels of a picture that is unpacked.
const maxPicture = 100_000_000

// checkPicture refuses what is no picture, or one that unpacks to very much.
func checkPicture(data []byte, path string) (picture.Info, error) {
	i, err := picture.Check(data, maxPicture)
	var large *picture.TooLargeError
	switch {
	case errors.As(err, &large):
		return i, input("make the picture smaller", "%s has %d x %d pixels, more than can be used", path, large.Width, large.Height)
	case err != nil:
		return i, input("use a PNG, JPEG, TIFF or WebP file", "%s is not a picture that can be read", path)
	}
	return i, nil
}

// pictureFile reads a picture for a document. A photo that lies on its side is
// put upright, since the note of the camera gets lost in a PDF; this alone packs
// it anew.
func (s source) pictureFile(env *node.Env, path string) ([]byte, picture.Info, error) {
	data, err := s.other(env, path)
	if err != nil {
		return nil, picture.Info{}, err
	}
	i, err := checkPicture(data, path)
	if err != nil || i.Orientation <= 1 {
		return data, i, err
	}
	img, i, err := picture.Decode(data, maxPicture)
	if err != nil {
		return nil, i, input("open the picture in a viewer and save it again", "%s cannot be read: %v", path, err)
	}
	var b bytes.Buffer
	err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	return b.Bytes(), i, err
}

func fromImages(ctx context.Context, env *node.Env, in fromImagesIn) (changedOut, error) {
	if len(in.Images) == 0 {
		return changedOut{}, input("name at least one picture", "there are no pictures")
	}
	s := source{File: in.To, limits: in.limits}
	inner, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	out := changedOut{File: in.To, PageCount: len(in.Images)}
	err := env.Files.WriteAtomic(in.To, 0o644, func(w io.Writer) error {
		var pages bytes.Buffer
		total := 0
		// Each picture has a page size of its own, so each is made a document
		// by itself first.
		docs := make([]io.ReadSeeker, 0, len(in.Images))
		for i, p := range in.Images {
			data, size, err := s.pictureFile(env, p)
			if err != nil {
				return err
			}
			imp, err := in.layout(size)
			if err != nil {
				return err
			}
			var one bytes.Buffer
			err = guarded(inner, func(*gate) error {
				return api.ImportImages(nil, &one, []io.Reader{bytes.NewReader(data)}, imp, s.conf())
			})
			if err != nil {
				return source{File: p, limits: s.limits}.tell(ctx, err)
			}
			if total += one.Len(); total > s.MaxSize {
				return input("use fewer or smaller pictures, or raise max_size", "the pictures are larger in all than max_size allows")
			}
			docs = append(docs, bytes.NewReader(one.Bytes()))
			env.Progress("reading pictures", i+1, len(in.Images))
		}
		err := guarded(inner, func(*gate) error { return api.MergeRaw(docs, &pages, false, s.conf()) })
		if err != nil {
			return s.tell(ctx, err)
		}
		out.Size = pages.Len()
		_, err = w.Write(pages.Bytes())
		return err
	})
	return out, tell(err, in.To)
}

func (in fromImagesIn) layout(c picture.Info) (*pdfcpu.Import, error) {
	imp := pdfcpu.DefaultImportConfig()
	if in.PageSize == "image" {
		scale := 72 / float64(in.DPI)
		imp.PageDim = &types.Dim{Width: max(float64(c.Width)*scale, 1), Height: max(float64(c.Height)*scale, 1)}
		imp.UserDim, imp.Pos, imp.ScaleAbs, imp.Scale = true, types.Center, true, scale
		return imp, nil
	}
	dim := *types.PaperSize[in.PageSize]
	wide := in.Orientation == "landscape" || in.Orientation == "auto" && c.Width > c.Height
	if wide != (dim.Width > dim.Height) {
		dim.Width, dim.Height = dim.Height, dim.Width
	}
	w, h := dim.Width-2*in.Margin, dim.Height-2*in.Margin
	if w < 1 || h < 1 {
		return nil, input("lower margin", "the margins leave no room on the page")
	}
	// pdfcpu scales by the part of the page that a side fills; the side that
	// would leave the margins first decides.
	scale := min(w/float64(c.Width), h/float64(c.Height))
	imp.PageDim, imp.PageSize, imp.UserDim = &dim, in.PageSize, true
	imp.Pos, imp.ScaleAbs, imp.Scale = types.Center, true, scale
	return imp, nil
}

type extractImagesIn struct {
	source
	Pages   []string `json:"pages" doc:"Pages whose pictures to take: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4). Empty is all."`
	Folder  string   `json:"folder" is:"required" widget:"folder" doc:"Folder for the pictures; it is made if it is not there."`
	MinSide int      `json:"min_side" default:"1" min:"1" doc:"Leave out pictures that are narrower or lower than so many pixels: lines, dots, icons."`
}

type extractImagesOut struct {
	Files  []string         `json:"files" doc:"Paths of the pictures."`
	Images []map[string]any `json:"images" doc:"A row for each picture: file, page, width and height in pixels (0 for a form of picture that is not known here)."`
	Count  int              `json:"count" doc:"How many pictures were written."`
}

func extractImages(ctx context.Context, env *node.Env, in extractImagesIn) (extractImagesOut, error) {
	type found struct {
		img  model.Image
		data []byte
	}
	pictures := make(chan found)
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		failed <- in.with(inner, env, func(rs io.ReadSeeker, conf *model.Configuration) error {
			doc, err := load(rs, conf, model.EXTRACTIMAGES)
			if err != nil {
				return err
			}
			pages, err := pageList(in.Pages, doc.PageCount)
			if err != nil {
				return err
			}
			for i, p := range pages {
				images, err := pdfcpu.ExtractPageImages(doc, p, false)
				if err != nil && len(images) == 0 {
					continue // a form of picture that pdfcpu does not know
				}
				for _, nr := range sortedKeys(images) {
					img := images[nr]
					if img.Thumb || img.Reader == nil {
						continue
					}
					b, err := io.ReadAll(io.LimitReader(img, int64(in.MaxSize)))
					if err != nil {
						continue
					}
					img.PageNr = p
					// pdfcpu leaves the size out of what it unpacks.
					if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil {
						img.Width, img.Height = c.Width, c.Height
						if min(c.Width, c.Height) < in.MinSide {
							continue
						}
					}
					select {
					case pictures <- found{img, b}:
					case <-inner.Done():
						return inner.Err()
					}
				}
				env.Progress("looking for pictures", i+1, len(pages))
			}
			return nil
		})
	}()
	out := extractImagesOut{Files: []string{}, Images: []map[string]any{}}
	stem := strings.TrimSuffix(filepath.Base(in.File), filepath.Ext(in.File))
	perPage := map[int]int{}
	for {
		select {
		case f := <-pictures:
			perPage[f.img.PageNr]++
			ext := strings.ToLower(f.img.FileType)
			if ext == "" {
				ext = "bin"
			}
			file := path.Join(filepath.ToSlash(in.Folder), fmt.Sprintf("%s_%d_%d.%s", stem, f.img.PageNr, perPage[f.img.PageNr], ext))
			err := env.Files.WriteAtomic(file, 0o644, func(w io.Writer) error {
				_, err := w.Write(f.data)
				return err
			})
			if err != nil {
				return out, tell(err, file)
			}
			out.Files = append(out.Files, file)
			out.Images = append(out.Images, map[string]any{"file": file, "page": f.img.PageNr, "width": f.img.Width, "height": f.img.Height})
			out.Count++
		case err := <-failed:
			return out, err
		}
	}
}
