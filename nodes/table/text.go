package table

import (
	"strings"
	"unicode"
)

func foldText(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func isUpper(r rune) bool { return unicode.IsUpper(r) }

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
