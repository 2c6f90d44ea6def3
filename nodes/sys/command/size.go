package command

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var units = map[string]float64{
	"": 1, "b": 1, "byte": 1, "bytes": 1,
	"k": 1 << 10, "kib": 1 << 10, "kb": 1e3,
	"m": 1 << 20, "mib": 1 << 20, "mb": 1e6,
	"g": 1 << 30, "gib": 1 << 30, "gb": 1e9,
	"t": 1 << 40, "tib": 1 << 40, "tb": 1e12,
}

// ParseSize reads a size in bytes as people write it: 256MiB, 1.5 GB, 512k or
// 1048576. The empty text is 0.
func ParseSize(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	at := strings.LastIndexAny(s, "0123456789.") + 1
	n, err := strconv.ParseFloat(s[:at], 64)
	unit, known := units[strings.ToLower(strings.TrimSpace(s[at:]))]
	if err != nil || !known || n < 0 || n*unit >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is not a size; write it like 256MiB, 1.5GB or 1048576", s)
	}
	return int64(n * unit), nil
}

// SizeText writes a size for a person.
func SizeText(n int64) string {
	f, unit := float64(n), "bytes"
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if f < 1024 {
			break
		}
		f, unit = f/1024, u
	}
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) + " " + unit
}
