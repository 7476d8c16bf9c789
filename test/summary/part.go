package main

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
	"time"
)

// quiet is how long a part may print nothing before a sign of life.
const quiet = 15 * time.Second

// part is a command whose tests are counted under one name.
type part struct {
	name    string
	command []string
	each    bool
}

// runPart runs the command to its end and prints what its tests do.
func runPart(p part, stdout, stderr io.Writer) result {
	t := newTally(p.name, p.each)
	began := time.Now()
	failed := ""
	if err := follow(p.command, t, stdout, stderr, began); err != nil {
		failed = err.Error()
	}
	say(stdout, t.end(failed, time.Since(began)))
	return t.result
}

// follow starts the command and feeds the tally until the command has ended.
func follow(command []string, t *tally, stdout, stderr io.Writer, began time.Time) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines, read := readLines(pipe)
	tick := time.NewTicker(quiet)
	defer tick.Stop()
	for open := true; open; {
		var text string
		select {
		case line, more := <-lines:
			open = more
			if e, ok := parseEvent(line); ok {
				text = t.add(e)
			} else {
				text = string(line)
			}
		case <-tick.C:
			text = t.alive(time.Since(began))
		}
		if text != "" {
			say(stdout, text)
			tick.Reset(quiet)
		}
	}
	return errors.Join(<-read, cmd.Wait())
}

// readLines sends every line, with its end, and closes the channel at the end of
// the input; the error channel then has what stopped it, nil for an orderly end.
func readLines(r io.Reader) (<-chan []byte, <-chan error) {
	lines, done := make(chan []byte), make(chan error, 1)
	go func() {
		defer close(lines)
		b := bufio.NewReader(r)
		for {
			line, err := b.ReadBytes('\n')
			if len(line) > 0 {
				lines <- line
			}
			if errors.Is(err, io.EOF) {
				err = nil
			} else if err == nil {
				continue
			}
			done <- err
			return
		}
	}()
	return lines, done
}

// say prints; nothing sensible can be done about an output that is gone.
func say(w io.Writer, text string) { _, _ = io.WriteString(w, text) }
