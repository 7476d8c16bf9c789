package option_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/representord/representord/internal/option"
)

// What is spelled twice is changed in one of two places.
func TestOptions_NoOtherFileSpellsTheirNames(t *testing.T) {
	names := regexp.MustCompile(regexp.QuoteMeta(option.Chassis) + "|" + regexp.QuoteMeta(strings.TrimSuffix(option.Type, "type")) + "|" +
		regexp.QuoteMeta(strings.TrimSuffix(option.Prefix, "representor:")))
	const (
		top       = "../.."
		stopwatch = "vif-plug-run" // of ovn-controller's, which no port has
	)
	apart := []string{"option", "test", "plantest", "scenes"} // what only tests may import spells them as users do
	looked := 0
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains(apart, d.Name()) || strings.HasPrefix(d.Name(), ".") && d.Name() != ".."):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		looked++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(literal.Value); err == nil && text != stopwatch && names.MatchString(text) {
				t.Errorf("%s: %q; use the constants of internal/option", set.Position(literal.Pos()), names.FindString(text))
			}
			return true
		})
		return nil
	})
	if err != nil || looked < 200 {
		t.Errorf("%d files were looked at: %v", looked, err)
	}
}
