package explain_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// declared are the values of all constants of a type's name in packages of the
// project: those of plan.State, or of reason.Code wherever it is used.
func declared(t *testing.T, typ string, packages ...string) []string {
	t.Helper()
	var values []string
	for _, p := range packages {
		paths, err := filepath.Glob("../../" + p + "/*.go")
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files of package %s: %v", p, err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if spec, ok := n.(*ast.ValueSpec); ok && isType(spec.Type, typ) {
					for _, v := range spec.Values {
						values = append(values, literal(t, v))
					}
				}
				return true
			})
		}
	}
	if len(values) == 0 {
		t.Fatalf("no constant of type %s was found", typ)
	}
	return values
}

func isType(e ast.Expr, name string) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == name
	case *ast.SelectorExpr:
		return e.Sel.Name == name
	}
	return false
}

func literal(t *testing.T, e ast.Expr) string {
	t.Helper()
	l, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("%v is no literal", e)
	}
	text, err := strconv.Unquote(l.Value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// wantNoOther: an explanation that nothing prints any more is not kept.
func wantNoOther(t *testing.T, names map[string]bool) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if !names[strings.TrimSuffix(filepath.Base(path), ".golden")] {
			t.Errorf("%s belongs to no scene", path)
		}
	}
}
