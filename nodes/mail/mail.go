// Package mail holds the nodes that send, read, file and take apart e-mail:
// SMTP for sending, IMAP for mailboxes, and the format of messages itself.
//
// Messages come from strangers. The parser therefore takes anything: what is
// broken is read as well as it can be and listed in `issues`, sizes and depths
// are bounded, and names of attachments are made harmless before they become
// files. What a flow sends is checked strictly: a line break in a header is
// refused, since it would let data add headers or recipients.
//
// A message in a mailbox is named by folder, UID and UIDVALIDITY. Nodes that
// change a mailbox compare all of them before they act, so that a UID of a
// folder that was made anew never hits another message.
package mail

import (
	"fmt"
	"reflect"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/schema"
)

func init() {
	node.RegisterFamily(node.Family{Name: "mail", Title: "E-mail", Doc: "Send, read, file and take apart e-mail over SMTP and IMAP."})
}

func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

// toMap returns a struct of outputs as the canonical map that flows see.
func toMap(v any) (map[string]any, error) {
	s, err := schema.Of(reflect.TypeOf(v))
	if err != nil {
		return nil, err
	}
	return s.Values(reflect.ValueOf(v))
}

func short(s string) string {
	r := []rune(s)
	if len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

var reflectMessage = reflect.TypeFor[message]()

// elemOf is the message as package schema sets it.
func elemOf(m *message) reflect.Value { return reflect.ValueOf(m).Elem() }
