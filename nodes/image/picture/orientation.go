package picture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation returns how a camera held a JPEG, 1 to 8 as EXIF numbers it; 1,
// upright, for anything that does not say.
func orientation(data []byte) int {
	if len(data) < 4 || data[0] != 0xff || data[1] != 0xd8 {
		return 1
	}
	for rest := data[2:]; len(rest) >= 4 && rest[0] == 0xff; {
		kind, size := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		if kind == 0xda || size < 2 || size+2 > len(rest) { // pixels begin, or it is damaged
			return 1
		}
		if tiff, ok := bytes.CutPrefix(rest[4:size+2], []byte("Exif\x00\x00")); ok && kind == 0xe1 {
			return tiffOrientation(tiff)
		}
		rest = rest[size+2:]
	}
	return 1
}

// tiffOrientation looks the tag 0x0112 up in the first directory.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 1
	}
	for i := range uint64(order.Uint16(b[at:])) {
		e := at + 2 + i*12
		if e+12 > uint64(len(b)) {
			return 1
		}
		if order.Uint16(b[e:]) == 0x0112 {
			if o := int(order.Uint16(b[e+8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
	}
	return 1
}

// upright undoes how the camera was held.
func upright(img image.Image, orientation int) image.Image {
	switch orientation {
	case 2:
		return Flip(img, false)
	case 3:
		return Turn(img, "180")
	case 4:
		return Flip(img, true)
	case 5:
		return Flip(Turn(img, "90"), false)
	case 6:
		return Turn(img, "90")
	case 7:
		return Flip(Turn(img, "270"), false)
	case 8:
		return Turn(img, "270")
	}
	return img
}

// Turn rotates clockwise by a multiple of 90 degrees.
func Turn(img image.Image, degrees string) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if degrees == "90" || degrees == "270" {
		w, h = h, w
	}
	if degrees == "0" || degrees == "" {
		return img
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := img.At(b.Min.X+x, b.Min.Y+y)
			switch degrees {
			case "90":
				dst.Set(b.Dy()-1-y, x, c)
			case "180":
				dst.Set(b.Dx()-1-x, b.Dy()-1-y, c)
			default:
				dst.Set(y, b.Dx()-1-x, c)
			}
		}
	}
	return dst
}

// Flip mirrors a picture.
func Flip(img image.Image, vertical bool) image.Image {
	b := img.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			u, v := b.Dx()-1-x, y
			if vertical {
				u, v = x, b.Dy()-1-y
			}
			dst.Set(u, v, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return dst
}
