package main

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"os/exec"
	"time"
)

// quiet is how long a part may print nothing before a sign of life.
const quiet = 15 * time.Second

// part is a command whose tests are counted under one name. It is run so many times at once,
// and the runs share the tests among them.
type part struct {
	name    string
	command []string
	times   int
	each    bool
}

// runPart runs the command to its end and prints what its tests do.
func runPart(p part, stdout, stderr io.Writer) result {
	t := newTally(p.name, p.each)
	began := time.Now()
	failed := ""
	if err := follow(p, t, stdout, stderr, began); err != nil {
		failed = err.Error()
	}
	say(stdout, t.end(failed, time.Since(began)))
	return t.result
}

// follow starts the commands and feeds the tally until all of them have ended.
func follow(p part, t *tally, stdout, stderr io.Writer, began time.Time) error {
	lines, ended := make(chan []byte), make(chan error, p.times)
	for range p.times {
		go func() { ended <- readLines(p.command, stderr, lines) }()
	}
	tick := time.NewTicker(quiet)
	defer tick.Stop()
	var failed error
	for open := p.times; open > 0; {
		var text string
		select {
		case line := <-lines:
			if e, ok := parseEvent(line); ok {
				text = t.add(e)
			} else {
				text = string(line)
			}
		case err := <-ended:
			open--
			failed = cmp.Or(failed, err)
		case <-tick.C:
			text = t.alive(time.Since(began))
		}
		if text != "" {
			say(stdout, text)
			tick.Reset(quiet)
		}
	}
	return failed
}

// readLines runs a command and sends every line of its output, with its end.
func readLines(command []string, stderr io.Writer, lines chan<- []byte) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	b := bufio.NewReader(pipe)
	for err == nil {
		var line []byte
		line, err = b.ReadBytes('\n')
		if len(line) > 0 {
			lines <- line
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, cmd.Wait())
}

// say prints; nothing sensible can be done about an output that is gone.
func say(w io.Writer, text string) { _, _ = io.WriteString(w, text) }
