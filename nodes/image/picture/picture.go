// Package picture unpacks pictures that come from strangers: how large one is
// gets known before it is unpacked, a decoder that breaks on one ends in an
// error, and photos stand upright as their camera noted.
//
// PNG, JPEG, GIF (the first picture), BMP, TIFF (the first page) and WebP are
// understood.
package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // pictures may be GIF
	_ "image/jpeg" // or JPEG
	_ "image/png"  // or PNG

	_ "golang.org/x/image/bmp"  // or BMP
	_ "golang.org/x/image/tiff" // or TIFF
	_ "golang.org/x/image/webp" // or WebP
)

// ErrUnknown says that data is no picture of a known kind.
var ErrUnknown = errors.New("it is no picture that can be read")

// TooLargeError says that a picture has more pixels than are allowed.
type TooLargeError struct{ Width, Height int }

// Error implements error.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("it claims to have %d by %d pixels", e.Width, e.Height)
}

// Info is what is known of a picture before it is unpacked.
type Info struct {
	Format        string // png, jpeg, gif, bmp, tiff or webp
	Width, Height int    // as it is shown, upright
	Orientation   int    // how the camera was held, 1 to 8 as EXIF numbers it
}

// Inspect reads the head of a picture.
func Inspect(data []byte) (i Info, err error) {
	defer caught(&err)
	cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || cfg.Width <= 0 || cfg.Height <= 0 {
		return i, ErrUnknown
	}
	if format == "webp" {
		w, h := insideWebP(data)
		cfg.Width, cfg.Height = max(cfg.Width, w), max(cfg.Height, h)
	}
	i = Info{Format: format, Width: cfg.Width, Height: cfg.Height, Orientation: orientation(data)}
	if i.Orientation > 4 {
		i.Width, i.Height = i.Height, i.Width
	}
	return i, nil
}

// Check is Inspect, with a TooLargeError for a picture of more than most pixels.
func Check(data []byte, most int) (Info, error) {
	i, err := Inspect(data)
	if err == nil && i.Width > most/i.Height {
		err = &TooLargeError{i.Width, i.Height}
	}
	return i, err
}

// Decode unpacks a picture of at most so many pixels and puts it upright.
func Decode(data []byte, most int) (img image.Image, i Info, err error) {
	if i, err = Check(data, most); err != nil {
		return nil, i, err
	}
	defer caught(&err)
	img, _, err = image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, i, fmt.Errorf("it is damaged: %w", err)
	}
	return upright(img, i.Orientation), i, nil
}

// caught turns a panic of a decoder into an error.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("it is damaged: the decoder broke on it: %v", p)
	}
}

// insideWebP returns the size of the picture inside of a WebP file, which may be
// another than the file claims.
func insideWebP(data []byte) (w, h int) {
	if len(data) < 12 {
		return 0, 0
	}
	for rest := data[12:]; len(rest) >= 8; {
		size := int64(binary.LittleEndian.Uint32(rest[4:]))
		kind, body := string(rest[:4]), rest[8:]
		switch {
		case kind == "VP8 " && len(body) >= 10:
			w = max(w, int(binary.LittleEndian.Uint16(body[6:])&0x3fff))
			h = max(h, int(binary.LittleEndian.Uint16(body[8:])&0x3fff))
		case kind == "VP8L" && len(body) >= 5:
			bits := binary.LittleEndian.Uint32(body[1:])
			w, h = max(w, int(bits&0x3fff)+1), max(h, int(bits>>14&0x3fff)+1)
		}
		if size += size & 1; size > int64(len(body)) {
			break
		}
		rest = body[size:]
	}
	return w, h
}
