// Command summary runs parts of the test suite and adds them up.
//
//	summary -results DIR -part NAME [-each] -- COMMAND...   runs one part
//	summary -results DIR -total PART...                     adds up the parts
//
// COMMAND writes what `go test -json` or `go tool test2json` writes. A line is
// printed for each package as it ends, with the full output of what failed, and a
// sign of life while nothing ends. The result is kept in DIR for the total.
//
// The total's last line is "N passed, N failed", with ", N skipped" after it when
// something was skipped. It counts tests that have no subtests of their own. The
// exit status is 1 when a test failed or was skipped, when a part ran no test, and
// when a part that was asked for left no result.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	status, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		status = 2
	}
	os.Exit(status)
}

func run(args []string, stdout, stderr io.Writer) (int, error) {
	flags := flag.NewFlagSet("summary", flag.ContinueOnError)
	flags.SetOutput(stderr)
	results := flags.String("results", "", "directory the parts' results are kept in")
	name := flags.String("part", "", "run the command after -- as this part")
	each := flags.Bool("each", false, "print a line for each test too, not only for each package")
	total := flags.Bool("total", false, "add up the parts named as arguments")
	if err := flags.Parse(args); err != nil {
		return 2, err
	}
	switch {
	case *results == "" || flags.NArg() == 0 || *total == (*name != ""):
		flags.Usage()
		return 2, nil
	case *total:
		return addUp(stdout, *results, flags.Args())
	}
	r := runPart(part{name: *name, command: flags.Args(), each: *each}, stdout, stderr)
	if err := r.save(*results); err != nil {
		return 2, err
	}
	if !r.good() {
		return 1, nil
	}
	return 0, nil
}
