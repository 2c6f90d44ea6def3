package pdf

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"testing"
)

// TestPhotoUpright takes a photo that its camera noted to lie on its side.
func TestPhotoUpright(t *testing.T) {
	env := folder(t, nil)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 80, 40)), nil); err != nil {
		t.Fatal(err)
	}
	note := "\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	write(t, env, "photo.jpg", append([]byte("\xff\xd8"+note), b.Bytes()[2:]...))
	do(t, env, "pdf.from_images", params{"images": []any{"photo.jpg"}, "to": "photo.pdf", "dpi": 72})
	verify(t, env, "photo.pdf")
	if page := do(t, env, "pdf.info", params{"file": "photo.pdf"})["pages"].([]any)[0].(params); page["width"] != 40 || page["height"] != 80 {
		t.Errorf("got %v, want a page of 40 by 80", page)
	}
	var g bytes.Buffer
	if err := gif.Encode(&g, image.NewGray(image.Rect(0, 0, 30, 30)), nil); err != nil {
		t.Fatal(err)
	}
	write(t, env, "a.gif", g.Bytes())
	do(t, env, "pdf.make", params{"to": "m.pdf", "blocks": []any{params{"kind": "image", "file": "photo.jpg"}, params{"kind": "image", "file": "a.gif"}}})
	verify(t, env, "m.pdf")
}
