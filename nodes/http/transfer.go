package httpnode

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

// downloading is the state of one download.
type downloading struct {
	*call
	in      downloadIn
	want    string
	check   hash.Hash // nil without a check sum to compare
	sum     hash.Hash
	n       int64
	resumed int
}

// start sends the first request, with the retries of any request, and hands
// over the answer with a context that is not limited by the timeout.
func (d *downloading) start(ctx context.Context, use func(context.Context, *http.Response) error) error {
	for try := 1; ; try++ {
		again, err := d.attempt(ctx, try, use)
		if again <= 0 {
			return d.interrupted(ctx, err)
		}
		if err := wait(ctx, again); err != nil {
			return err
		}
	}
}

func (d *downloading) attempt(ctx context.Context, try int, use func(context.Context, *http.Response) error) (time.Duration, error) {
	res, end, err := d.open(ctx)
	if err != nil {
		if isRefused(err) && try <= d.retries() {
			return d.pause(nil, try), nil
		}
		return 0, d.tell(err)
	}
	defer end()
	if d.expect.has(res.StatusCode) {
		var fail *node.Failure
		err := use(ctx, res)
		var pe *fs.PathError
		if errors.As(err, &fail) || errors.As(err, &pe) {
			return 0, err
		}
		return 0, d.tell(err)
	}
	if (res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable) && try <= d.retries() {
		if p := d.pause(res, try); p > 0 {
			return p, nil
		}
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10)) // an excerpt; a cut one will do
	return 0, answered(d.what, &response{Response: res, status: res.StatusCode, body: body}, d.mask)
}

// open sends a request whose time limit starts anew with every read of the
// body.
func (d *downloading) open(ctx context.Context) (res *http.Response, end func(), err error) {
	rctx, cancel := context.WithCancelCause(ctx)
	limit := d.timeout()
	timer := time.AfterFunc(limit, func() { cancel(context.DeadlineExceeded) })
	end = func() {
		timer.Stop()
		cancel(nil)
	}
	res, err = d.send(rctx)
	if err != nil {
		if cause := context.Cause(rctx); cause != nil {
			err = cause
		}
		end()
		return nil, nil, err
	}
	body := res.Body
	res.Body = struct {
		io.Reader
		io.Closer
	}{readerFunc(func(p []byte) (int, error) {
		timer.Reset(limit)
		n, err := body.Read(p)
		if err != nil && err != io.EOF && context.Cause(rctx) != nil { //nolint:errorlint // bodies return io.EOF bare
			err = context.Cause(rctx)
		}
		return n, err
	}), body}
	closeAll := end
	return res, func() {
		_ = body.Close()
		closeAll()
	}, nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// copy writes the body, fetching the rest when the connection is cut.
func (d *downloading) copy(ctx context.Context, w io.Writer, first *http.Response) error {
	total := first.ContentLength
	version := validator(first)
	body := io.Reader(first.Body)
	for {
		err := d.some(w, body, total)
		if err == nil {
			break
		}
		var fail *node.Failure
		var pe *fs.PathError
		if errors.As(err, &fail) || errors.As(err, &pe) || ctx.Err() != nil || version == "" || d.resumed >= d.in.Resumes || first.Uncompressed {
			return d.interrupted(ctx, err)
		}
		d.resumed++
		res, end, rerr := d.rest(ctx, version)
		if rerr != nil {
			return errors.Join(err, rerr)
		}
		defer end()
		body = res.Body
	}
	if got := d.n; total >= 0 && !first.Uncompressed && got != total {
		return io.ErrUnexpectedEOF
	}
	if d.check != nil {
		if got := hex.EncodeToString(d.check.Sum(nil)); got != d.want {
			return node.Fail(node.KindError, fmt.Sprintf("%s: the file has the check sum %s, not %s", d.what, got, d.want), "the file is damaged or has changed; nothing was written")
		}
	}
	return nil
}

// some copies until the body ends or fails.
func (d *downloading) some(w io.Writer, body io.Reader, total int64) error {
	buf := make([]byte, 128<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if d.n += int64(n); d.n > int64(d.in.MaxSize) {
				return tooBig(d.in.MaxSize)
			}
			_, _ = d.sum.Write(buf[:n]) // never fails
			if d.check != nil {
				_, _ = d.check.Write(buf[:n])
			}
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			d.env.Progress("downloading", int(d.n), int(max(total, 0)))
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// validator is what tells one version of the file from another: a strong ETag
// or the time of its last change.
func validator(res *http.Response) string {
	if strings.EqualFold(res.Header.Get("Accept-Ranges"), "none") {
		return ""
	}
	if tag := res.Header.Get("Etag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return res.Header.Get("Last-Modified")
}

// rest asks for what is missing of the same version.
func (d *downloading) rest(ctx context.Context, version string) (*http.Response, func(), error) {
	d.header = map[string]string{"Range": fmt.Sprintf("bytes=%d-", d.n), "If-Range": version}
	res, end, err := d.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	var from int64
	_, scanErr := fmt.Sscanf(res.Header.Get("Content-Range"), "bytes %d-", &from)
	if res.StatusCode != http.StatusPartialContent || scanErr != nil || from != d.n {
		end()
		return nil, nil, errors.New("the connection was cut and the rest cannot be fetched: the file has changed, or the service sends whole files only")
	}
	return res, end, nil
}
