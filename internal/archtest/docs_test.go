package archtest

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
	"unicode"
)

func TestPackageDocs(t *testing.T) {
	for dir, files := range packages(t) {
		onlyTests := true
		for _, f := range files {
			onlyTests = onlyTests && f.test
		}
		var docs []*file
		for _, f := range files {
			if f.ast.Doc != nil && f.test == onlyTests && f.ast.Doc.Text() != "" {
				docs = append(docs, f)
			}
		}
		switch len(docs) {
		case 0:
			t.Errorf("%s has no package comment: say in one sentence what it is for", dir)
		case 1:
			text, name := docs[0].ast.Doc.Text(), docs[0].ast.Name.Name
			want := "Package " + name
			if name == "main" {
				want = "Command "
			}
			if short := strings.TrimSuffix(want, "_test"); !strings.HasPrefix(text, short) {
				t.Errorf("%s: the package comment does not begin with %q", docs[0].path, short)
			}
		default:
			t.Errorf("%s has %d package comments, in %s and %s: keep one", dir, len(docs), docs[0].path, docs[1].path)
		}
	}
}

func TestExportsAreDocumented(t *testing.T) {
	for dir, files := range packages(t) {
		if under(dir, "cmd", "bench", "examples") {
			continue // programs export nothing
		}
		for _, f := range files {
			if f.test {
				continue
			}
			for _, d := range f.ast.Decls {
				checkDecl(t, d)
			}
		}
	}
}

func checkDecl(t *testing.T, d ast.Decl) {
	t.Helper()
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || receiverExported(d.Recv)) {
			checkDoc(t, d.Pos(), d.Name.Name, d.Doc, true)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					checkDoc(t, s.Pos(), s.Name.Name, either(s.Doc, d.Doc), s.Doc != nil || len(d.Specs) == 1)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() {
						// A group may share one comment; a line may have its own behind it.
						checkDoc(t, n.Pos(), n.Name, either(s.Doc, either(s.Comment, d.Doc)), len(d.Specs) == 1 && len(s.Names) == 1 && !d.Lparen.IsValid())
					}
				}
			}
		}
	}
}

func checkDoc(t *testing.T, at token.Pos, name string, doc *ast.CommentGroup, byName bool) {
	t.Helper()
	text := ""
	if doc != nil {
		text = strings.TrimSpace(doc.Text())
	}
	switch {
	case text == "":
		t.Errorf("%s: %s has no doc comment", fset.Position(at), name)
	case byName && first(text) != name:
		t.Errorf("%s: the comment of %s begins with %q, not with its name", fset.Position(at), name, first(text))
	}
}

// first returns the first word of a comment, without an article before it.
func first(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ':' || r == ',' })
	if len(words) > 1 && (words[0] == "A" || words[0] == "An" || words[0] == "The") {
		return words[1]
	}
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

func either(a, b *ast.CommentGroup) *ast.CommentGroup {
	if a != nil {
		return a
	}
	return b
}

func receiverExported(r *ast.FieldList) bool {
	typ := r.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}
