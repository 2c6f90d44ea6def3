package cdp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/target"
)

type nowhere struct{ bytes.Buffer }

func (*nowhere) Close() error { return nil }

// What the pipe finds in a message must be what a parser of JSON finds.
func TestEnvelope(t *testing.T) {
	for _, s := range []string{
		`{"id":7,"result":{}}`,
		`{"id":7,"result":{"a":"}\"]","b":[1,{"c":"\\"}]},"sessionId":"S1"}`,
		` { "id" : 7 , "result" : { "x" : [ ] } , "sessionId" : "S\u0031" } `,
		`{"method":"Page.frameAttached","params":{"frameId":"F","text":"ü\u00fc,{[\"\\"},"sessionId":"S"}`,
		`{"id":3,"error":{"code":-32000,"message":"No \"frame\", with {id}"},"sessionId":"S"}`,
		`{"more":null,"some":12.5e3,"other":true,"id":4}`,
		`{}`,
	} {
		var want struct {
			ID             int64
			Method         string
			SessionID      string
			Params, Result json.RawMessage
			Error          *struct {
				Code    int64
				Message string
			}
		}
		if err := json.Unmarshal([]byte(s), &want); err != nil {
			t.Fatal(err)
		}
		got := cdproto.Message{}
		if err := envelope([]byte(s), &got); err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got.ID != want.ID || string(got.Method) != want.Method || string(got.SessionID) != want.SessionID || string(got.Params) != string(want.Params) || string(got.Result) != string(want.Result) {
			t.Errorf("%s: %+v", s, got)
		}
		if (got.Error == nil) != (want.Error == nil) || got.Error != nil && (got.Error.Message != want.Error.Message || got.Error.Code != want.Error.Code) {
			t.Errorf("%s: the error %v", s, got.Error)
		}
	}
}

func TestEnvelopeBad(t *testing.T) {
	for _, s := range []string{``, ` `, `x`, `[]`, `{`, `{"`, `{"id`, `{"id"`, `{"id":`, `{"id":}`, `{"id":7`, `{"id":7,`, `{"id":"x"}`, `{"method":5}`, `{"result":{"a":"`, `{"result":{"a":"\`, `{"error":7}`, `{"id":1 "x"`, `{a}`} {
		if err := envelope([]byte(s), &cdproto.Message{}); err == nil {
			t.Errorf("%q passes as a message", s)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	f.Add(`{"id":7,"result":{"a":"}\"]","b":[1]},"sessionId":"S1"}`)
	f.Add(`{"method":"M","params":[`)
	f.Fuzz(func(t *testing.T, s string) {
		var m cdproto.Message
		if envelope([]byte(s), &m) != nil && json.Valid([]byte(s)) {
			var all map[string]json.RawMessage
			var typed struct {
				ID                int64
				Method, SessionID *string
				Error             *cdproto.Error
			}
			if json.Unmarshal([]byte(s), &all) == nil && all != nil && json.Unmarshal([]byte(s), &typed) == nil {
				for _, k := range []string{"method", "sessionId", "id", "error"} {
					if string(all[k]) == "null" {
						return
					}
				}
				t.Errorf("%q is an object and was refused", s)
			}
		}
	})
}

func TestPipe(t *testing.T) {
	out := &nowhere{}
	big := strings.Repeat("x", 1<<17)
	in := &nowhere{}
	in.WriteString("{\"id\":1,\"result\":{}}\x00\x00{\"id\":2,\"result\":{\"t\":\"" + big + "\"}}\x00{\"id\":3")
	p := newPipe(in, out)
	if err := p.Write(context.Background(), &cdproto.Message{ID: 5, SessionID: target.SessionID("S"), Method: "M.m", Params: []byte(`{"a":1}`)}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "{\"id\":5,\"sessionId\":\"S\",\"method\":\"M.m\",\"params\":{\"a\":1}}\x00" {
		t.Errorf("it wrote %q", got)
	}
	for id, size := range map[int64]int{1: 2} {
		m := cdproto.Message{}
		if err := p.Read(context.Background(), &m); err != nil || m.ID != id || len(m.Result) != size {
			t.Errorf("it read %+v (%v)", m, err)
		}
	}
	m := cdproto.Message{}
	if err := p.Read(context.Background(), &m); err != nil || m.ID != 2 || len(m.Result) != len(big)+8 {
		t.Errorf("a long message: %d bytes (%v)", len(m.Result), err)
	}
	if err := p.Read(context.Background(), &cdproto.Message{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a message that was cut: %v", err)
	}
}
