// Command nonetlink starts a program that can open no socket but those of AF_UNIX, AF_INET and
// AF_INET6, or, with -filter, under a filter of system calls that a file holds.
//
//	nonetlink [-filter FILE] PROGRAM [ARGUMENT...]
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/test/confined"
)

func main() {
	file := flag.String("filter", "", "a file with a filter of system calls")
	flag.Parse()
	if err := run(*file, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "nonetlink: "+err.Error())
		os.Exit(1)
	}
}

func run(file string, argv []string) error {
	if len(argv) == 0 {
		return errors.New("no program is given")
	}
	filter, err := confined.Netlink()
	if file != "" {
		filter, err = confined.ReadFile(file)
	}
	if err != nil {
		return err
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	runtime.LockOSThread() // the filter is the thread's, and this one goes on as the program
	if err := filter.Confine(); err != nil {
		return err
	}
	return unix.Exec(path, argv, os.Environ())
}
