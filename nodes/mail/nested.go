package mail

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// nested takes an attached message apart, and saves it at the same time.
func (w *walker) nested(a *attachment, r io.Reader) (*message, error) {
	inner := *w.p
	inner.save = nil
	named := a.Name != ""
	if w.p.save == nil {
		m, err := inner.parse(r)
		return m, w.adopt(a, m, err, named)
	}
	// The name may come from the subject, which is known only once the
	// headers are read: the beginning is read first.
	head, err := io.ReadAll(io.LimitReader(r, chunkSize))
	if err != nil {
		return nil, err
	}
	if !named {
		h, _ := readHeader(newSource(strings.NewReader(string(head))), func(string) {})
		if s := cleanName(h.text("Subject")); s != "" {
			a.Name = cleanName(s + ".eml")
		} else {
			a.Name = "message.eml"
		}
	}
	pr, pw := io.Pipe()
	type result struct {
		m   *message
		err error
	}
	done := make(chan result, 1)
	go func() {
		m, err := inner.parse(pr)
		_, _ = io.Copy(io.Discard, pr)
		done <- result{m, err}
	}()
	whole := io.TeeReader(io.MultiReader(strings.NewReader(string(head)), r), pw)
	if err = w.p.save(a, whole); err == nil {
		_, err = io.Copy(io.Discard, whole)
	}
	_ = pw.Close() // never fails
	res := <-done
	if err != nil {
		return nil, err
	}
	return res.m, w.adopt(a, res.m, res.err, true)
}

func (w *walker) adopt(a *attachment, m *message, err error, named bool) error {
	if errors.Is(err, errTooDeep) {
		w.m.issue(fmt.Sprintf("messages are nested more than %d deep; the rest is left out", maxDepth))
		return nil
	}
	if err != nil {
		return err
	}
	if !named {
		a.Name = "message.eml"
		if s := cleanName(m.Subject); s != "" {
			a.Name = cleanName(s + ".eml")
		}
	}
	a.Message, err = toMap(*m)
	return err
}

// report reads the part of a bounce that programs read.
func (w *walker) report(r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, maxHeader))
	if err != nil {
		return err
	}
	s := newSource(strings.NewReader(string(b)))
	for len(w.m.Delivery) < maxParts && !s.eof {
		h, err := readHeader(s, func(string) {})
		if err != nil {
			return err
		}
		to := afterType(h.text("Final-Recipient"))
		if to == "" {
			to = afterType(h.text("Original-Recipient"))
		}
		if to == "" {
			continue
		}
		w.m.Delivery = append(w.m.Delivery, delivery{Recipient: to, Action: strings.ToLower(h.text("Action")), Status: h.text("Status"), Diagnostic: afterType(h.text("Diagnostic-Code"))})
	}
	return nil
}

// afterType takes "rfc822;" off a value.
func afterType(s string) string {
	if _, v, ok := strings.Cut(s, ";"); ok {
		return strings.TrimSpace(v)
	}
	return s
}
