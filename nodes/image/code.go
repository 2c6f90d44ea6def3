package image

import (
	"context"
	"fmt"
	"image"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/aztec"
	"github.com/makiuchi-d/gozxing/datamatrix"
	multiqr "github.com/makiuchi-d/gozxing/multi/qrcode"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[makeIn, makeOut]{
		Type: "image.make_code", Title: "Make QR code or bar code", Effect: node.Idempotent,
		Doc: "Writes a picture with a code that cameras read.",
		Examples: []node.Example[makeIn, makeOut]{{
			Title: "A QR code", In: makeIn{Text: "https://example.com/pay?n=17", To: "pay.png", Kind: "qr", Size: 200, Level: "medium", Margin: 4},
			Check: func(o makeOut) error {
				if o.Width < 200 || o.Height != o.Width {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: makeCode,
	})
	node.Register(node.Spec[fileIn, readOut]{
		Type: "image.read_codes", Title: "Read QR codes and bar codes", Effect: node.Read,
		Doc:      "Finds QR codes, Data Matrix, Aztec and bar codes in a picture and reads them. Several QR codes are found, of each other kind one.",
		Examples: []node.Example[fileIn, readOut]{{Title: "Codes of a label", In: fileIn{File: "label.png"}, DocOnly: "it needs a picture"}},
		Run:      readCodes,
	})
}

type makeIn struct {
	Text   string `json:"text" is:"required" doc:"What the code says."`
	To     string `json:"to" is:"required" widget:"file" doc:"Picture to write; its ending is the format, PNG is best."`
	Kind   string `json:"kind" default:"qr" enum:"qr,data_matrix,code128,code39,ean13,ean8,upc_a,itf" doc:"Kind of code. EAN, UPC and ITF hold digits only."`
	Size   int    `json:"size" default:"200" min:"20" max:"4000" doc:"Width in pixels at least; bar codes are half as high."`
	Level  string `json:"level" default:"medium" enum:"low,medium,quartile,high" doc:"How much of a QR code may be lost: 7, 15, 25 or 30 percent."`
	Margin int    `json:"margin" default:"4" min:"0" max:"50" is:"advanced" doc:"Empty modules around a QR code; readers want 4."`
}

type makeOut struct {
	File   string `json:"file" doc:"Absolute path of the picture."`
	Width  int    `json:"width" doc:"Width in pixels."`
	Height int    `json:"height" doc:"Height in pixels."`
}

type readOut struct {
	Text  string `json:"text" doc:"What the first code says; empty if there is none."`
	Found bool   `json:"found" doc:"Whether there is a code."`
	Codes []code `json:"codes" doc:"All codes that were found."`
	Count int    `json:"count" doc:"How many there are."`
}

type code struct {
	Text string `json:"text" doc:"What it says."`
	Kind string `json:"kind" doc:"Kind of code, such as QR_CODE or EAN_13."`
	X    int    `json:"x" doc:"Where it is: a point of it, from the left."`
	Y    int    `json:"y" doc:"The point from above."`
}

func makeCode(_ context.Context, env *node.Env, in makeIn) (out makeOut, err error) {
	format := formatOf(in.To)
	if format == "" {
		return out, node.Fail(node.KindInput, "the ending of "+in.To+" names no format that can be written", "end it with .png")
	}
	defer guard("the code", &err)
	hints := map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_CHARACTER_SET: "UTF-8", gozxing.EncodeHintType_MARGIN: in.Margin}
	var w gozxing.Writer
	kind, height := gozxing.BarcodeFormat_QR_CODE, in.Size
	switch in.Kind {
	case "qr":
		w = qrcode.NewQRCodeWriter()
		hints[gozxing.EncodeHintType_ERROR_CORRECTION] = map[string]decoder.ErrorCorrectionLevel{"low": decoder.ErrorCorrectionLevel_L, "medium": decoder.ErrorCorrectionLevel_M, "quartile": decoder.ErrorCorrectionLevel_Q, "high": decoder.ErrorCorrectionLevel_H}[in.Level]
	case "data_matrix":
		w, kind = datamatrix.NewDataMatrixWriter(), gozxing.BarcodeFormat_DATA_MATRIX
	default:
		delete(hints, gozxing.EncodeHintType_MARGIN)
		height = in.Size / 2
		switch in.Kind {
		case "code128":
			w, kind = oned.NewCode128Writer(), gozxing.BarcodeFormat_CODE_128
		case "code39":
			w, kind = oned.NewCode39Writer(), gozxing.BarcodeFormat_CODE_39
		case "ean13":
			w, kind = oned.NewEAN13Writer(), gozxing.BarcodeFormat_EAN_13
		case "ean8":
			w, kind = oned.NewEAN8Writer(), gozxing.BarcodeFormat_EAN_8
		case "upc_a":
			w, kind = oned.NewUPCAWriter(), gozxing.BarcodeFormat_UPC_A
		case "itf":
			w, kind = oned.NewITFWriter(), gozxing.BarcodeFormat_ITF
		}
	}
	m, err := w.Encode(in.Text, kind, in.Size, height, hints)
	if err != nil {
		return out, node.Fail(node.KindInput, fmt.Sprintf("the text does not fit a code of the kind %s: %v", in.Kind, err), "take another kind, or a shorter text")
	}
	out.Width, out.Height = m.GetWidth(), m.GetHeight()
	if _, err := save(env, in.To, format, 95, m); err != nil {
		return out, err
	}
	out.File, err = env.Files.Abs(in.To)
	return out, err
}

func readCodes(ctx context.Context, env *node.Env, in fileIn) (out readOut, err error) {
	img, err := load(env, in.File)
	if err != nil {
		return out, err
	}
	defer guard(in.File, &err)
	add := func(r *gozxing.Result) {
		c := code{Text: r.GetText(), Kind: r.GetBarcodeFormat().String()}
		if p := r.GetResultPoints(); len(p) > 0 && p[0] != nil {
			c.X, c.Y = int(p[0].GetX()), int(p[0].GetY())
		}
		for _, have := range out.Codes {
			if have.Text == c.Text && have.Kind == c.Kind {
				return
			}
		}
		out.Codes = append(out.Codes, c)
	}
	bmp, err := bitmap(img)
	if err != nil {
		return out, err
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	if all, err := multiqr.NewQRCodeMultiReader().DecodeMultiple(bmp, hints); err == nil {
		for _, r := range all {
			add(r)
		}
	}
	for _, r := range []gozxing.Reader{qrcode.NewQRCodeReader(), datamatrix.NewDataMatrixReader(), aztec.NewAztecReader(), oned.NewMultiFormatUPCEANReader(hints), oned.NewCode128Reader(), oned.NewCode39Reader(), oned.NewITFReader()} {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		if bmp, err = bitmap(img); err != nil {
			return out, err
		}
		if found, err := r.Decode(bmp, hints); err == nil {
			add(found)
		}
	}
	if out.Count = len(out.Codes); out.Count > 0 {
		out.Found, out.Text = true, out.Codes[0].Text
	}
	return out, nil
}

func bitmap(img image.Image) (*gozxing.BinaryBitmap, error) {
	bmp, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return nil, node.Failf(node.KindInput, "the picture cannot be looked at for codes: %v", err)
	}
	return bmp, nil
}
