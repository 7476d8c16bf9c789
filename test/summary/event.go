package main

import (
	"encoding/json"
	"strings"
)

// event is one line of `go test -json` (see go doc cmd/test2json and go help
// buildjson, whose build-output events have an ImportPath in place of a Package).
type event struct {
	Action      string
	Package     string
	Test        string
	Output      string
	Elapsed     float64 // seconds
	ImportPath  string
	FailedBuild string
}

// parseEvent reads one line; ok is false for a line that isn't an event, such as
// what a command prints before its tests start.
func parseEvent(line []byte) (e event, ok bool) {
	if len(line) == 0 || line[0] != '{' {
		return event{}, false
	}
	if err := json.Unmarshal(line, &e); err != nil || e.Action == "" {
		return event{}, false
	}
	return e, true
}

// ancestors gives the names of the tests a subtest may belong to, nearest first.
// A subtest's own name may hold slashes, so not all of them need to exist.
func ancestors(test string) []string {
	var names []string
	for {
		i := strings.LastIndexByte(test, '/')
		if i < 0 {
			return names
		}
		test = test[:i]
		names = append(names, test)
	}
}
