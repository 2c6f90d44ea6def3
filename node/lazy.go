package node

import "github.com/aether-rpa/aether/schema"

// SchemaKind says that a param of this type is an expression.
func (*Lazy) SchemaKind() schema.Kind { return schema.Expression }

// FromValue takes the param as written: text is a template to be bound later,
// anything else a literal.
func (l *Lazy) FromValue(v any) error {
	switch x := v.(type) {
	case Lazy:
		*l = x
	case string:
		*l = Lazy{Text: x}
	default:
		*l = Lazy{Literal: x}
	}
	return nil
}

// ToValue returns the param as written.
func (l *Lazy) ToValue() any {
	if l.Text != "" {
		return l.Text
	}
	return l.Literal
}

// Expr returns a Lazy of the given text, for examples and tests.
func Expr(text string) Lazy { return Lazy{Text: text} }
