package image

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
		return flip(img, false)
	case 3:
		return turn(img, "180")
	case 4:
		return flip(img, true)
	case 5:
		return flip(turn(img, "90"), false)
	case 6:
		return turn(img, "90")
	case 7:
		return flip(turn(img, "270"), false)
	case 8:
		return turn(img, "270")
	}
	return img
}
