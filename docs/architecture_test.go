package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestArchitecture_TheFunctionsOnTheWayAreInTheirFilesAndCounted(t *testing.T) {
	section := regexp.MustCompile(`(?s)\n## A request's way\n(.*?)\n## `).FindStringSubmatch(read(t, "architecture.md"))
	if section == nil {
		t.Fatal("architecture.md has no section A request's way")
	}
	count, name := regexp.MustCompile(`these (\d+) functions`), regexp.MustCompile("`([^`]+)`")
	var said, named []int // how many functions, for each table
	for line := range strings.Lines(section[1]) {
		if m := count.FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			said, named = append(said, n), append(named, 0)
		}
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 || !name.MatchString(cells[4]) {
			continue
		}
		if len(named) == 0 {
			t.Fatalf("nothing says how many functions the table has that begins with %s", line)
		}
		path := name.FindStringSubmatch(cells[4])[1]
		there := functionsIn(t, "../"+path)
		for _, f := range name.FindAllStringSubmatch(cells[3], -1) {
			named[len(named)-1]++
			if !there[f[1]] {
				t.Errorf("architecture.md has %s in %s, which has no such function", f[1], path)
			}
		}
	}
	if len(said) != 2 || !slices.Equal(said, named) {
		t.Errorf("architecture.md says that its two tables have %d functions, they have %d", said, named)
	}
}

// functionsIn are the functions of a file, methods as Type.method.
func functionsIn(t *testing.T, path string) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		switch {
		case !ok:
		case f.Recv == nil:
			all[f.Name.Name] = true
		default:
			all[strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*")+"."+f.Name.Name] = true
		}
	}
	return all
}
