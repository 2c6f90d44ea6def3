package cli

import "github.com/aether-rpa/aether/node"

type refTmpT struct{}

func (refTmpT) FlowSchema(*node.Registry) any        { return nil }
func (refTmpT) NodeText(d *node.Def, _ int) string   { return d.Doc + "\n" }
func (refTmpT) FirstSentence(s string) string        { return s }

var refTmp refTmpT
