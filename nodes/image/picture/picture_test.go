package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// claimed is a PNG that claims a size and holds nothing.
func claimed(w, h uint32) []byte {
	ihdr := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	ihdr = append(binary.BigEndian.AppendUint32(ihdr, h), 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), ihdr...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(ihdr))
}

// webp is a WebP file of an outer size with a lossless picture of another size
// in it, which holds nothing.
func webp(outer, inner uint32) []byte {
	ext := []byte{0, 0, 0, 0, byte(outer - 1), byte((outer - 1) >> 8), 0, byte(outer - 1), byte((outer - 1) >> 8), 0}
	vp8l := binary.LittleEndian.AppendUint32([]byte{0x2f}, (inner-1)|(inner-1)<<14)
	vp8l = append(vp8l, make([]byte, 11)...)
	body := append([]byte("WEBPVP8X\x0a\x00\x00\x00"), ext...)
	body = append(append(body, "VP8L\x10\x00\x00\x00"...), vp8l...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func TestBombs(t *testing.T) {
	for name, data := range map[string][]byte{"png": claimed(100_000, 100_000), "webp": webp(1, 16_384), "webp outside": webp(16_384, 1)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, i, err := Decode(data, 1_000_000)
		runtime.ReadMemStats(&after)
		var large *TooLargeError
		if !errors.As(err, &large) || large.Width < 16_384 {
			t.Errorf("%s: got %+v, %v, want that it is too large", name, i, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
			t.Errorf("%s: %d bytes were used to refuse it", name, grown)
		}
	}
	for name, data := range map[string][]byte{"empty": nil, "text": []byte("hello"), "no size": claimed(0, 5)} {
		if _, _, err := Decode(data, 100); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: got %v, want that it is no picture", name, err)
		}
	}
	if _, _, err := Decode(claimed(3, 3), 100); err == nil || errors.Is(err, ErrUnknown) {
		t.Errorf("a picture without content: got %v, want that it is damaged", err)
	}
}

// Pictures made by another program.
func TestImageMagick(t *testing.T) {
	tool, err := exec.LookPath("convert")
	if err != nil {
		t.Skip("imagemagick is not installed")
	}
	for _, name := range []string{"a.png", "a.jpg", "a.gif", "a.bmp", "a.tif", "a.webp"} {
		path := filepath.Join(t.TempDir(), name)
		if out, err := exec.CommandContext(t.Context(), tool, "-size", "30x20", "gradient:red-blue", path).CombinedOutput(); err != nil {
			t.Skipf("convert: %v %s", err, out)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		img, i, err := Decode(data, 1000)
		if err != nil || i.Width != 30 || i.Height != 20 || img.Bounds().Dx() != 30 {
			t.Errorf("%s: got %+v, %v", name, i, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 4, 4))); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(webp(4, 4))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00"))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\x08\x00\x00\x00"))
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x00\x01\x03\x00\x01\x00\x00\x00\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 1_000_000
		img, i, err := Decode(data, most)
		if i.Orientation < 0 || i.Orientation > 8 {
			t.Errorf("orientation %d", i.Orientation)
		}
		if err == nil && img.Bounds().Dx() > most/max(1, img.Bounds().Dy()) {
			t.Errorf("a picture of %v got through", img.Bounds())
		}
	})
}
