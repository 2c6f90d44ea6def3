package pdfium

import (
	"errors"
	"image"
	"io"
	"math"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// Size returns the width and height of a page as it is shown, in points. Pages
// count from 1.
func (d *Doc) Size(page int) (w, h float64, err error) {
	s, err := d.inst.GetPageSize(&requests.GetPageSize{Page: d.page(page)})
	if err != nil {
		return 0, 0, d.failure(err)
	}
	return s.Width, s.Height, nil
}

// Rotation returns by how many degrees a viewer turns the page, clockwise.
func (d *Doc) Rotation(page int) (int, error) {
	r, err := d.inst.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: d.page(page)})
	if err != nil {
		return 0, d.failure(err)
	}
	return int(r.PageRotation) * 90, nil
}

// Text returns the text of a page in reading order, as PDFium sees it. Lines
// end with \n.
func (d *Doc) Text(page int) (string, error) {
	t, err := d.inst.GetPageText(&requests.GetPageText{Page: d.page(page)})
	if err != nil {
		return "", d.failure(err)
	}
	return cleanText(t.Text), nil
}

// Meta returns an entry of the document information: Title, Author, Subject,
// Keywords, Creator, Producer, CreationDate, ModDate.
func (d *Doc) Meta(tag string) string {
	m, err := d.inst.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: d.doc, Tag: tag})
	if err != nil {
		return ""
	}
	return m.Value
}

// Version returns the version of the format as in "1.7".
func (d *Doc) Version() string {
	v, err := d.inst.FPDF_GetFileVersion(&requests.FPDF_GetFileVersion{Document: d.doc})
	if err != nil || v.FileVersion <= 0 {
		return ""
	}
	return string([]byte{'0' + byte(v.FileVersion/10%10), '.', '0' + byte(v.FileVersion%10)})
}

// Encrypted reports whether the document is encrypted, and the flags of what
// it permits.
func (d *Doc) Encrypted() (yes bool, permissions int) {
	r, err := d.inst.FPDF_GetSecurityHandlerRevision(&requests.FPDF_GetSecurityHandlerRevision{Document: d.doc})
	if err != nil || r.SecurityHandlerRevision <= 0 {
		return false, -1
	}
	p, err := d.inst.FPDF_GetDocPermissions(&requests.FPDF_GetDocPermissions{Document: d.doc})
	if err != nil {
		return true, -1
	}
	return true, int(int32(p.DocPermissions))
}

// HasForm reports whether the document has fields to fill in.
func (d *Doc) HasForm() bool {
	f, err := d.inst.FPDF_GetFormType(&requests.FPDF_GetFormType{Document: d.doc})
	return err == nil && f.FormType != enums.FPDF_FORMTYPE_NONE
}

// Render draws a page, white behind it, and hands the picture to use; it is
// gone when use returns. Annotations and filled form fields are drawn too.
func (d *Doc) Render(page, dpi int, gray bool, maxPixels int, use func(image.Image) error) error {
	w, h, err := d.Size(page)
	if err != nil {
		return err
	}
	scale := float64(dpi) / 72
	if px := w * scale * h * scale; !(px >= 0 && px <= float64(maxPixels)) {
		return &TooLargeError{Page: page, Pixels: px, Max: maxPixels}
	}
	req := &requests.RenderPageInDPI{Page: d.page(page), DPI: dpi, RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT, RenderForm: d.HasForm(), Document: &d.doc}
	if gray {
		req.ImageFormat = requests.RenderImageFormatGrayscale
	}
	res, err := d.inst.RenderPageInDPI(req)
	if err != nil {
		return d.failure(err)
	}
	defer res.Cleanup()
	if res.Result.RenderedImage == nil {
		return &BadError{errors.New("the page could not be drawn")}
	}
	return use(res.Result.RenderedImage)
}

// TooLargeError says that a picture of a page would be too large.
type TooLargeError struct {
	Page   int
	Pixels float64
	Max    int
}

// Error implements error.
func (e *TooLargeError) Error() string { return "the picture of the page would be too large" }

// Flatten makes form fields and annotations part of the pages and writes the
// document, unencrypted, to w.
func (d *Doc) Flatten(w io.Writer) error {
	for p := 1; p <= d.pages; p++ {
		res, err := d.inst.FPDFPage_Flatten(&requests.FPDFPage_Flatten{Page: d.page(p), Usage: requests.FPDFPage_FlattenUsageNormalDisplay})
		if err != nil {
			return d.failure(err)
		}
		if res.Result == 0 {
			return &BadError{errors.New("the fields of the page could not be flattened")}
		}
	}
	_, err := d.inst.FPDF_SaveAsCopy(&requests.FPDF_SaveAsCopy{Flags: requests.SaveFlagRemoveSecurity, Document: d.doc, FileWriter: w})
	return d.failure(err)
}

// frame maps positions in the page's own space to the page as it is shown.
type frame struct {
	left, bottom, w, h float64 // crop box, unrotated
	turn               int     // quarter turns clockwise
}

func (d *Doc) frame(page int) (frame, error) {
	box, err := d.inst.FPDF_GetPageBoundingBox(&requests.FPDF_GetPageBoundingBox{Page: d.page(page)})
	if err != nil {
		return frame{}, d.failure(err)
	}
	r, err := d.inst.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: d.page(page)})
	if err != nil {
		return frame{}, d.failure(err)
	}
	b := box.Rect
	return frame{left: float64(min(b.Left, b.Right)), bottom: float64(min(b.Bottom, b.Top)), w: math.Abs(float64(b.Right - b.Left)), h: math.Abs(float64(b.Top - b.Bottom)), turn: int(r.PageRotation) & 3}, nil
}

// point maps a point of the page's space, y upwards, to the page as shown, y
// downwards.
func (f frame) point(x, y float64) (float64, float64) {
	x, y = x-f.left, f.h-(y-f.bottom)
	switch f.turn {
	case 1:
		return f.h - y, x
	case 2:
		return f.w - x, f.h - y
	case 3:
		return y, f.w - x
	}
	return x, y
}

// pageRef loads a page for calls that need more than its index.
func (d *Doc) pageRef(page int) (requests.Page, func(), error) {
	p, err := d.inst.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: d.doc, Index: page - 1})
	if err != nil {
		return requests.Page{}, nil, d.failure(err)
	}
	ref := p.Page
	return requests.Page{ByReference: &ref}, func() { d.closePage(ref) }, nil
}

func (d *Doc) closePage(ref references.FPDF_PAGE) {
	// The sandbox goes away with the document; a page that does not close
	// only holds memory until then.
	_, _ = d.inst.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: ref})
}
