package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/representord/representord/internal/reason"
)

const (
	// fileMost bounds how much of a configuration file is read, in bytes.
	fileMost = 1 << 20
	// errorsMost bounds how many of its errors are told.
	errorsMost = 10
)

// file is a configuration file that was read. Values are kept as they are
// written, so that a chassis called 007 doesn't become 7.
type file struct {
	path    string
	entries map[string]entry
}

// entry is a value and the line it is on.
type entry struct {
	value string
	line  int
}

// readFile reads a configuration file that may hold these keys. One that doesn't
// exist is as good as an empty one when it is optional. Of one that is wrong it gives
// what is right, with the error.
func readFile(path string, known []string, optional bool) (file, error) {
	fail := func(err error) error {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err // which doesn't repeat the path
		}
		return fmt.Errorf("configuration file %s: %w", reason.Quote(path), err)
	}
	r, err := os.Open(path)
	if optional && errors.Is(err, fs.ErrNotExist) {
		return file{}, nil
	}
	if err != nil {
		return file{}, fail(err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, fileMost+1))
	if err != nil {
		return file{}, fail(err)
	}
	if len(data) > fileMost {
		return file{}, fail(fmt.Errorf("it is larger than %d bytes", fileMost))
	}
	entries, wrong := parseFile(data, known)
	for i := range wrong { // each is a sentence of its own
		wrong[i] = fail(wrong[i])
	}
	return file{path: path, entries: entries}, errors.Join(wrong...)
}

// parseFile reads YAML: one mapping of known keys to single values. The errors
// are everything that is wrong with it, the first few of them.
func parseFile(data []byte, known []string) (map[string]entry, []error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return map[string]entry{}, nil
	case err != nil:
		return nil, []error{notYAML(err)}
	}
	switch err := d.Decode(&yaml.Node{}); {
	case err == nil:
		return nil, []error{errors.New("it holds more than one YAML document")}
	case !errors.Is(err, io.EOF):
		return nil, []error{notYAML(err)}
	}
	top := doc.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return map[string]entry{}, nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, []error{fmt.Errorf("line %d: it must be lines of the form key: value", top.Line)}
	}
	entries := map[string]entry{}
	seen := map[string]int{}
	var errs []error
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if err := checkEntry(key, value, known); err != nil {
			errs = append(errs, err)
			continue
		}
		if line, twice := seen[key.Value]; twice {
			errs = append(errs, fmt.Errorf("line %d: %s is set in line %d already", key.Line, key.Value, line))
			continue
		}
		seen[key.Value] = key.Line
		if value.Tag != "!!null" {
			entries[key.Value] = entry{value: value.Value, line: value.Line}
		}
	}
	if more := len(errs) - errorsMost; more > 0 { // a file that isn't ours has many
		errs = append(errs[:errorsMost:errorsMost], fmt.Errorf("and %d more errors", more))
	}
	return entries, errs
}

func checkEntry(key, value *yaml.Node, known []string) error {
	if key.Kind != yaml.ScalarNode || !slices.Contains(known, key.Value) {
		hint := ""
		if near := nearest(key.Value, known); near != "" {
			hint = "; did you mean " + near + "?"
		}
		return fmt.Errorf("line %d: unknown key %s%s", key.Line, reason.Quote(key.Value), hint)
	}
	if value.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: %s must have a single value", value.Line, key.Value)
	}
	return nil
}

func notYAML(err error) error {
	return fmt.Errorf("it is not YAML: %s", reason.Prose(strings.TrimPrefix(err.Error(), "yaml: ")))
}

// nearest is the known key that was probably meant, empty when none is near: at most two
// typing errors away, whatever separates and in whichever case.
func nearest(key string, known []string) string {
	const longest = 40
	if len(key) > longest {
		return ""
	}
	plain := func(s string) string {
		return strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(s))
	}
	best, least := "", 3
	for _, k := range known {
		if d := distance(plain(key), plain(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's: how many letters to insert, delete or replace to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
