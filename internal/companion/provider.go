package companion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Providers is what an ovn-controller tells of VIF plug providers in it, which plug
// representors as representord does. Whether one was compiled in decides the build, and
// whether it is registered its start: one that can open no netlink socket isn't
// (vif_plug_provider_register__() of OVN's lib/vif-plug-provider.c).
type Providers string

// What there is to tell; empty when it can't be told.
const (
	// Registered: one is, and looks after ports.
	Registered Providers = "registered"
	// Unregistered: none is, so that nothing but representord plugs.
	Unregistered Providers = "none"
)

// The stopwatches of OVN's controller/ovn-controller.c that tell, by the names they have there
// since 22.03. All are there from the start on. In each round of its main loop in which it works
// on its chassis it runs the first; the second if it may write to the local database then, the
// third if it knows its ports, and where both hold and a provider is registered the fourth.
const (
	watchRound  = "flow-generation"
	watchWrites = "bfd-run"
	watchKnows  = "patch-run"
	watchPlugs  = "vif-plug-run"
)

// providersIn asks an ovn-controller that answers. Whatever isn't as expected tells nothing.
func providersIn(ctx context.Context, socket string, patience time.Duration) Providers {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := dial(ctx, socket)
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	answers := json.NewDecoder(io.LimitReader(conn, answerMost))
	// In this order: what is counted last must have come to be counted in the rounds that the
	// first ones were counted in.
	counted := map[string]uint64{}
	for _, name := range []string{watchPlugs, watchWrites, watchKnows, watchRound, watchPlugs} {
		if counted[name], err = samples(conn, answers, name); err != nil {
			return ""
		}
		if counted[watchPlugs] > 0 {
			return Registered
		}
	}
	return without(counted[watchRound], counted[watchWrites], counted[watchKnows])
}

// without judges where no provider was run. In more rounds than there were, the controller may
// have written or have known its ports: then both held in some of them, in which a provider
// that is registered would have been run. One such round is left out, for what was counted in it
// may not have been added up yet.
func without(rounds, writes, knows uint64) Providers {
	if writes <= rounds && knows <= rounds && writes+knows > rounds+1 {
		return Unregistered
	}
	return ""
}

// samples asks how often a stopwatch was run.
func samples(conn io.Writer, answers *json.Decoder, name string) (uint64, error) {
	if _, err := fmt.Fprintf(conn, `{"id":0,"method":"stopwatch/show","params":[%q]}`, name); err != nil {
		return 0, err
	}
	text, err := reply(answers)
	if err != nil {
		return 0, err
	}
	return parseSamples(text, name)
}

// parseSamples reads the beginning of what stopwatch_print() of Open vSwitch's lib/stopwatch.c
// writes: whose statistics these are, and how many samples they are of.
func parseSamples(text, name string) (uint64, error) {
	number, ok := strings.CutPrefix(text, "Statistics for '"+name+"'\n  Total samples: ")
	number, _, ended := strings.Cut(number, "\n")
	if !ok || !ended {
		return 0, errors.New("no statistics of a stopwatch")
	}
	return strconv.ParseUint(number, 10, 64)
}
