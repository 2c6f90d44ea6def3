package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

func init() {
	node.Register(node.Spec[downloadIn, downloadOut]{
		Type: "web.download", Title: "Download file",
		Doc: "Downloads a file by pressing an element, or from an address with the logins of the browser, and waits until it is complete. A download that is cancelled or empty is a failure. " +
			"From an address also what the browser would show is downloaded, such as a PDF, and the page stays as it is. A file that is there already is replaced. Without to it is kept until the run ends.",
		Effect: node.Once,
		EffectOf: func(in downloadIn) node.Effect {
			if in.Repeatable || in.URL != "" {
				return node.Idempotent
			}
			return node.Once
		},
		Examples: []node.Example[downloadIn, downloadOut]{
			{Title: "Press Export and keep the file", In: downloadIn{Target: selector.Must("text=Export"), To: "exports/"}, Out: downloadOut{Name: "orders.csv", File: "/work/exports/orders.csv", Size: 1024, SHA256: "9f86d081…", URL: "https://shop.example.com/orders.csv"}, DocOnly: needsBrowser},
			{Title: "An invoice from its address", In: downloadIn{URL: "https://shop.example.com/invoices/4711.pdf", To: "4711.pdf"}, Out: downloadOut{Name: "4711.pdf", File: "/work/4711.pdf", Size: 52031, SHA256: "60303ae2…", URL: "https://shop.example.com/invoices/4711.pdf"}, DocOnly: needsBrowser},
		},
		Check: func(in downloadIn) error {
			if in.Target.Given() == (in.URL != "") {
				return errors.New("give target, what to press, or url, and not both")
			}
			return nil
		},
		Run: download,
	})
}

type downloadIn struct {
	In
	Target     selector.Target `json:"target" widget:"selector" doc:"Element to press, named as in web.click."`
	URL        string          `json:"url" doc:"Address to download from, instead of pressing something."`
	To         string          `json:"to" widget:"file" doc:"File to write, or a folder (with / at its end, or one that exists) to keep the name that the server gives; none keeps it until the run ends."`
	Complete   time.Duration   `json:"complete" default:"10m" min:"1ms" is:"advanced" doc:"How long the download may take once it has begun."`
	Empty      bool            `json:"allow_empty" is:"advanced" doc:"Whether a file without content is as good as any."`
	Repeatable bool            `json:"repeatable" is:"advanced" doc:"Whether pressing twice does no harm."`
}

type downloadOut struct {
	Name   string `json:"name" doc:"Name of the file as the server or the page gives it."`
	File   string `json:"file" doc:"Absolute path of the file."`
	Size   int    `json:"size" doc:"Its size in bytes."`
	SHA256 string `json:"sha256" doc:"Its SHA-256 checksum in hexadecimal."`
	URL    string `json:"url" doc:"Where it came from."`
}

func download(ctx context.Context, env *node.Env, in downloadIn) (out downloadOut, err error) {
	if in.To != "" { // what cannot be written is not downloaded
		if _, err := target(env, in.To, "x"); err != nil {
			return out, err
		}
	}
	var s *browser.Session
	d, err := do(ctx, env, in.In, in.Repeatable || in.URL != "", func(ctx context.Context, now *browser.Session, p *browser.Page) (browser.Download, error) {
		s = now
		return in.begin(ctx, s, p)
	})
	if err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(ctx, in.Complete)
	defer cancel()
	d, err = s.Finished(ctx, d.ID)
	if reason(err) == browser.Waited {
		return out, node.Fail(node.KindTimeout, fmt.Sprintf("the download of %s was not complete after %s", d.URL, in.Complete), "allow more time with complete")
	}
	if err != nil {
		return out, explain(ctx, env, nil, err)
	}
	if d.State != "done" {
		return out, node.Fail(node.KindNetwork, "the download of "+d.URL+" was cancelled, by the browser or because the connection was cut", "try again; a retry begins anew")
	}
	return in.keep(env, s, d)
}

// begin does what begins the download.
func (in downloadIn) begin(ctx context.Context, s *browser.Session, p *browser.Page) (browser.Download, error) {
	led, before := "", p.Frames()[0].URL
	d, err := s.Begin(ctx, func(ctx context.Context) error {
		var a *browser.Arrival
		if in.URL != "" {
			got, err := s.Fetch(ctx, address(in.URL))
			if err != nil {
				return err
			}
			a = &got
		} else {
			done, err := p.Click(ctx, in.Target, browser.Click{})
			if err != nil && !errors.Is(err, browser.ErrNoPage) {
				return err
			}
			a = done.Arrival
		}
		if a == nil || a.Download {
			return nil
		}
		led = "; it led to " + a.URL
		return refused(*a)
	}, func(ctx context.Context) error {
		if in.URL != "" || p.Frames()[0].URL == before {
			return nil
		}
		now, err := p.WaitLoad(ctx, browser.Parsed)
		if err != nil {
			return err
		}
		led = "; it led to " + now.URL
		return refused(now)
	})
	var f *browser.Failure
	if errors.As(err, &f) && f.Action == "download" && f.Kind == browser.Waited {
		f.Target, f.Detail = in.Target, "no download began"+led
	}
	return d, err
}

// refused is the failure of a page that came instead of a file and says that there is none.
func refused(a browser.Arrival) error {
	if a.Status < 400 {
		return nil
	}
	f := node.Fail(node.KindHTTP, fmt.Sprintf("no file came: %s answers with status %d", a.URL, a.Status), "")
	f.Code = fmt.Sprint(a.Status)
	return f
}

// keep moves the file to where it shall be.
func (in downloadIn) keep(env *node.Env, s *browser.Session, d browser.Download) (out downloadOut, err error) {
	out = downloadOut{Name: safe(d.Name), URL: d.URL}
	sum, n := sha256.New(), counter(0)
	if err := s.Save(d, io.MultiWriter(sum, &n)); err != nil {
		return out, err
	}
	out.Size, out.SHA256 = int(n), hex.EncodeToString(sum.Sum(nil))
	if n == 0 && !in.Empty {
		return out, node.Fail(node.KindError, "the download of "+d.URL+" is empty", "set allow_empty if such a file is wanted all the same")
	}
	if in.To == "" {
		out.File, err = s.Rename(d, out.Name)
		return out, err
	}
	to, err := target(env, in.To, out.Name)
	if err != nil {
		return out, err
	}
	if err := env.Files.WriteAtomic(to, 0o644, func(w io.Writer) error { return s.Save(d, w) }); err != nil {
		return out, err
	}
	if err := s.Drop(d); err != nil {
		return out, err
	}
	out.File, err = env.Files.Abs(to)
	return out, err
}

// counter counts what is written to it.
type counter int

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
