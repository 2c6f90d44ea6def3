package web

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/process"
)

// words reads what is written on the picture of an element with Tesseract, where it is installed.
func (x *healer) words(ctx context.Context, picture []byte) (string, error) {
	program, err := process.Find("tesseract", x.env.Environ, "")
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	res, err := process.Run(ctx, process.Cmd{
		Path: program, Args: []string{"stdin", "stdout", "--psm", "7"}, Env: append(slices.Clone(x.env.Environ), "OMP_THREAD_LIMIT=1"),
		Stdin: bytes.NewReader(picture), Stdout: &out, MaxOutput: 4 << 10, Memory: 1 << 30, Grace: 50 * time.Millisecond,
	})
	if err != nil {
		return "", err
	}
	if res.ExitCode != 0 {
		return "", fmt.Errorf("tesseract ended with exit code %d", res.ExitCode)
	}
	return strings.Join(strings.Fields(out.String()), " "), nil
}
