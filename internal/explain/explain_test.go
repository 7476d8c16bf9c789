package explain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// names are the steps in their order.
func names() []string {
	return []string{
		diagnose.Daemon, diagnose.Southbound, diagnose.Chassis, diagnose.PortBinding, diagnose.RequestedChassis, diagnose.Options,
		diagnose.Card, diagnose.PF, diagnose.Function, diagnose.Netdev, diagnose.Bridge, diagnose.Others, diagnose.Row, diagnose.Ofport,
		diagnose.LinkUp, diagnose.OVNInstalled, diagnose.Up,
	}
}

func nothing() Input {
	return Input{LogicalPort: "vm1", Index: representor.NewIndex(representor.Card{}, representor.Settings{})}
}

// codes are all codes of reasons.
func codes(t *testing.T) []reason.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../reason/reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []reason.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			t.Fatalf("%v is no literal", spec.Names)
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, reason.Code(text))
		return true
	})
	if len(all) < 20 {
		t.Fatalf("only %d codes were found", len(all))
	}
	return all
}

func TestExplain_EveryReasonCodeHasAStepAndARemedy(t *testing.T) {
	for _, code := range codes(t) {
		if at, remedy := diagnose.StepOf(code), (diagnose.Names{}).Remedy(code); at == diagnose.Daemon || remedy == "" {
			t.Errorf("%s has no step or no remedy: %q, %q", code, at, remedy)
		}
	}
}

func TestSteps_AreAllInTheDocumentationInTheirOrder(t *testing.T) {
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| step | read | fails when |\n|---|---|---|\n")
	var got []string
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "`")
		if !strings.HasPrefix(line, "| `") {
			break
		}
		got = append(got, cells[1])
	}
	if diff := cmp.Diff(names(), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSteps_AreAllThereInTheirOrderEvenWhenNothingIsKnown(t *testing.T) {
	e := Explain(nothing())
	var got []string
	for _, s := range e.Steps {
		got = append(got, s.Name)
		if s.Finding == "" || s.Source == "" || s.Verdict == "" {
			t.Errorf("%+v", s)
		}
	}
	if diff := cmp.Diff(names(), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if e.Plugged || e.FailedStep != diagnose.Southbound {
		t.Errorf("%+v", e)
	}
}

// Whatever the last pass says stands at the step that it is about, word for word.
func TestExplain_TheReasonOfTheLastPassIsNotRephrased(t *testing.T) {
	for _, code := range codes(t) {
		in := nothing()
		in.Status = &plan.Status{LogicalPort: "vm1", State: plan.Pending,
			Reason: &reason.Reason{Code: code, Message: "words of the pass", Candidates: []string{"x"}}}
		for _, s := range Explain(in).Steps {
			if s.Name == diagnose.StepOf(code) && (s.Verdict != diagnose.Failed || s.Finding != "words of the pass" || s.Code != code ||
				!cmp.Equal(s.InTheWay, []string{"x"})) {
				t.Errorf("%s: %+v", code, s)
			}
		}
	}
}

func TestSteps_OfAPluggedPortHaveNoneThatFailed(t *testing.T) {
	in := nothing()
	in.Status = &plan.Status{LogicalPort: "vm1", State: plan.Plugged}
	if e := Explain(in); !e.Plugged || e.FailedStep != "" || e.Remedy == "" {
		t.Errorf("%+v", e)
	}
}

func TestExplain_WhatOthersWroteIsBoundedAndEscaped(t *testing.T) {
	const evil = "\x1b[2J\n"
	long := strings.Repeat("x", 1<<20)
	options := map[string]string{evil: evil, "long": long}
	for i := range 1000 {
		options["option"+strconv.Itoa(i)] = "value"
	}
	in := nothing()
	in.Asked = southbound.View{Complete: true, Connected: true, Chassis: evil, Endpoint: evil, Identity: evil}
	in.Answer = &southbound.Answer{
		Binding: southbound.Binding{LogicalPort: "vm1", Disposition: southbound.Withdrawn, Why: "it has no option vif-plug-type"},
		Options: options, Type: evil, ParentPort: long, RequestedChassis: evil, RequestedAdditional: []string{evil, long}, Chassis: evil,
	}
	size := 0
	for _, s := range Explain(in).Steps {
		for _, text := range append([]string{s.Finding}, s.InTheWay...) {
			size += len(text)
			if strings.ContainsAny(text, evil[:1]+"\n") {
				t.Errorf("%s: %q", s.Name, text)
			}
		}
		for _, f := range s.Read {
			size += len(f.Key) + len(f.Value)
			if strings.ContainsAny(f.Key+f.Value, evil[:1]+"\n") {
				t.Errorf("%s: %+v", s.Name, f)
			}
		}
	}
	if size > 16<<10 {
		t.Errorf("%d bytes", size)
	}
}

// While the Southbound is away what a port asks for may not be known, and the reader is here already.
func TestExplain_NoRemedySendsTheReaderToTheExplanationThatItIsPartOf(t *testing.T) {
	for _, code := range codes(t) {
		in := nothing()
		in.Status = &plan.Status{LogicalPort: "vm1", State: plan.Pending, Reason: &reason.Reason{Code: code, Message: "so it is"}}
		for _, s := range Explain(in).Steps {
			if strings.Contains(s.Remedy, "explain vm1") {
				t.Errorf("%s, step %s: %s", code, s.Name, s.Remedy)
			}
		}
	}
}
