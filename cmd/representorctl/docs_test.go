package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/representord/representord/test/pages"
)

// What stands in a sentence or a table isn't run as the blocks are (docs/commands_test.go), and is right all the same.
func TestDocuments_ShowCommandsThatAreUnderstood(t *testing.T) {
	shown := map[string]string{}
	files, err := pages.Files("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`"+name+" ([^`…]+)`").FindAllStringSubmatch(string(text), -1) {
			shown[m[1]] = file
		}
	}
	blocks, err := pages.All("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		for _, command := range b.Commands() {
			for part := range strings.SplitSeq(command, " | ") {
				if args, ours := strings.CutPrefix(part, name+" "); ours && b.Language == "sh" {
					shown[args] = b.String()
				}
			}
		}
	}
	if len(shown) < 25 {
		t.Errorf("only %d commands were found", len(shown))
	}
	for args, where := range shown {
		words := strings.Fields(args)
		if len(words) > 1 {
			err = understood(words)
		} else { // no more than a command's name
			_, _, err = (&program{}).command().Find(words)
		}
		if err != nil {
			t.Errorf("%s shows %s %s: %v", where, name, args, err)
		}
	}
}
