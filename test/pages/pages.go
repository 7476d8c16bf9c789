// Package pages reads the documentation as those do who type what it shows, so that tests
// can run just that.
//
// Commands stand in fenced blocks with the word sh. Right above each block a comment, which no
// reader sees, says who has tried them:
//
//	<!-- run by test/e2e/docs_vm_test.go -->
//	<!-- needs hardware: a BlueField -->
package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Block is a fenced block of a page.
type Block struct {
	// Page is the file's name from the top of the checkout, Line that of the opening fence in it.
	Page string
	Line int
	// Language is the word behind the opening fence, empty for none.
	Language string
	// Comment is the text of the HTML comment on the line above the block, empty for none.
	Comment string
	// Text is what is between the fences, each line with its end.
	Text string
}

// String is where the block is, as compilers write it.
func (b Block) String() string { return fmt.Sprintf("%s:%d", b.Page, b.Line) }

// Files are the pages below the top of a checkout, README.md first.
func Files(top string) ([]string, error) {
	docs, err := filepath.Glob(filepath.Join(top, "docs", "*.md"))
	if err != nil {
		return nil, fmt.Errorf("the pages: %w", err)
	}
	files := []string{"README.md"}
	for _, path := range docs {
		files = append(files, filepath.Join("docs", filepath.Base(path)))
	}
	return files, nil
}

// All are the blocks of all pages below the top of a checkout.
func All(top string) ([]Block, error) {
	files, err := Files(top)
	if err != nil {
		return nil, err
	}
	var all []Block
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(top, file))
		if err != nil {
			return nil, fmt.Errorf("a page: %w", err)
		}
		blocks, err := Parse(file, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, blocks...)
	}
	return all, nil
}

// Parse finds the blocks of a page.
func Parse(page, text string) ([]Block, error) {
	var blocks []Block
	var open *Block
	above := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		trimmed := strings.TrimSpace(line)
		fence, isFence := strings.CutPrefix(trimmed, "```")
		switch {
		case open == nil && isFence:
			open = &Block{Page: page, Line: number, Language: fence, Comment: comment(above)}
		case isFence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.Text += line
		}
		above = trimmed
	}
	if open != nil {
		return nil, fmt.Errorf("%s: the block has no end", open)
	}
	return blocks, nil
}

// comment is the text of a line that is an HTML comment.
func comment(line string) string {
	text, opens := strings.CutPrefix(line, "<!--")
	text, closes := strings.CutSuffix(text, "-->")
	if !opens || !closes {
		return ""
	}
	return strings.TrimSpace(text)
}

// Runner is the test file that runs the block, by its comment.
func (b Block) Runner() (file string, ok bool) { return strings.CutPrefix(b.Comment, "run by ") }

// Needs is what it takes to run the block that no test has, by its comment.
func (b Block) Needs() (what string, ok bool) {
	return strings.CutPrefix(b.Comment, "needs hardware: ")
}

// RunBy are the blocks of all pages that a test file runs. It must have some: else its name
// is wrong, here or there.
func RunBy(top, file string) ([]Block, error) {
	all, err := All(top)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(b Block) bool {
		runner, ok := b.Runner()
		return !ok || runner != file
	})
	if len(all) == 0 {
		return nil, fmt.Errorf("no page has a block that is run by %s", file)
	}
	return all, nil
}

// Commands are the commands of a block, one a line: lines that a backslash continues are put
// together, empty lines are left out, and so are comments.
func (b Block) Commands() []string {
	var all []string
	continued := regexp.MustCompile(`[ \t]*\\\n[ \t]*`)
	for line := range strings.Lines(continued.ReplaceAllString(b.Text, " ")) {
		if command := strings.TrimSpace(withoutComment(line)); command != "" {
			all = append(all, command)
		}
	}
	return all
}

// withoutComment ends a line of a shell where a comment begins: at a # that begins a word, and isn't quoted.
func withoutComment(line string) string {
	quoted := rune(0)
	begins := true
	for i, r := range line {
		switch {
		case quoted != 0:
			if r == quoted {
				quoted = 0
			}
		case r == '\'' || r == '"':
			quoted = r
		case r == '#' && begins:
			return line[:i]
		}
		begins = r == ' ' || r == '\t'
	}
	return line
}
