package draw_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/representord/representord/internal/draw"
	"github.com/representord/representord/plug/plan"
)

// wantDrawing: what must hold for every drawing. It is well-formed, made of nothing but
// what we draw with, runs and fetches nothing, stays on the page, and no two boxes of
// one kind lie on one another.
func wantDrawing(t failer, svg string) {
	t.Helper()
	elements := parse(t, svg)
	wantWithin(t, elements)
	names := []string{"svg", "title", "style", "defs", "g", "path", "circle", "rect", "text", "use"}
	var width, height float64
	boxes := map[string][]box{}
	for i, e := range elements {
		if !slices.Contains(names, e.Name.Local) {
			t.Fatalf("element %s", e.Name.Local)
		}
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#") {
				t.Fatalf("attribute %s=%q", a.Name.Local, a.Value)
			}
		}
		if i == 0 {
			view := strings.Fields(attribute(e, "viewBox"))
			width, height = parseNumber(t, view[2]), parseNumber(t, view[3])
			continue
		}
		if e.Name.Local != "rect" && e.Name.Local != "text" && e.Name.Local != "svg" {
			continue
		}
		b := boxOf(t, e)
		if b.x < 0 && e.Name.Local != "rect" || b.x+b.w > width+0.1 || b.y+b.h > height+0.1 {
			t.Fatalf("%v is off the page of %v by %v", e, width, height)
		}
		if class := attribute(e, "class"); e.Name.Local == "rect" && (class == "card" || class == "host" || class == "uplink") {
			boxes[class] = append(boxes[class], b)
		}
	}
	for class, all := range boxes {
		for i := range all {
			for j := range all[:i] {
				if all[i].overlaps(all[j]) {
					t.Fatalf("two %ss on one another: %+v, %+v", class, all[i], all[j])
				}
			}
		}
	}
}

type box struct{ x, y, w, h float64 }

func (a box) overlaps(b box) bool {
	const touch = 0.2
	return a.x+a.w > b.x+touch && b.x+b.w > a.x+touch && a.y+a.h > b.y+touch && b.y+b.h > a.y+touch
}

func boxOf(t failer, e element) box {
	t.Helper()
	n := func(name string) float64 {
		if s := attribute(e, name); s != "" {
			return parseNumber(t, s)
		}
		return 0
	}
	return box{n("x"), n("y"), n("width"), n("height")}
}

func parseNumber(t failer, s string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return n
}

func TestDrawing_OfTheSameFactsIsTheSame(t *testing.T) {
	want := draw.SVG(everyState())
	for range 20 {
		if draw.SVG(everyState()) != want {
			t.Fatal("another drawing of the same facts")
		}
	}
}

func TestDrawing_AnUplinkIsOnTheCardItBelongsToWhateverItsOwnInstance(t *testing.T) {
	svg := draw.SVG(auxiliaryUplinks())
	if strings.Contains(svg, "no functions") {
		t.Error("an uplink is drawn as a card without functions")
	}
	title := func(handle string) bool { return strings.Contains(svg, ">"+handle+"</text>") }
	if !title(handle) || title("auxiliary/mlx5_core.eth.0") || title("auxiliary/mlx5_core.eth.1") {
		t.Error("want one card with both uplinks")
	}
	if !title("auxiliary/mlx5_core.eth.2") || strings.Count(svg, "the card it belongs to is not known") != 1 {
		t.Error("want it said of the third uplink that nothing tells its card")
	}
}

func TestDrawing_ADaemonThatDoesNotTellCardsHasItsUplinksOnTheirOwnInstance(t *testing.T) {
	f := oneVF()
	f.Representors.Uplinks[0].Card = ""
	if draw.SVG(f) != draw.SVG(oneVF()) {
		t.Error("another drawing")
	}
}

func TestDrawing_EveryStateHasAShapeAndALineOfItsOwnBesideItsColour(t *testing.T) {
	svg := draw.SVG(everyState())
	shapes, lines := map[string]string{}, map[string]string{}
	for _, state := range []plan.State{plan.Plugged, plan.Pending, plan.Conflict, plan.Held, plan.Invalid, "none"} {
		_, shape, ok := strings.Cut(svg, `<g id="`+string(state)+`">`)
		if !ok {
			t.Fatalf("%s has no shape", state)
		}
		shape, _, _ = strings.Cut(shape, "</g>")
		shapes[colourless(shape)] = string(state)
		_, line, ok := strings.Cut(svg, ".box."+string(state)+"{")
		if !ok {
			t.Fatalf("%s has no line", state)
		}
		line, _, _ = strings.Cut(line, "}")
		lines[colourless(line)] = string(state)
		if !strings.Contains(svg, `href="#`+string(state)+`"`) {
			t.Errorf("%s isn't in the legend", state)
		}
	}
	if len(shapes) != 6 || len(lines) != 6 {
		t.Errorf("in black and white some look like others: %v, %v", shapes, lines)
	}
}

// colourless takes out every colour.
func colourless(s string) string {
	for {
		before, after, ok := strings.Cut(s, "#")
		if !ok {
			return s
		}
		s = before + strings.TrimLeft(after, "0123456789abcdef")
	}
}

func TestDrawing_ALargeCardIsFoldedWhereNobodyAsksAndWholeWhereSomebodyDoes(t *testing.T) {
	if svg := draw.SVG(large(false)); strings.Count(svg, "128 functions<") != 4 || len(svg) > 16<<10 {
		t.Errorf("%d piles of 128, %d bytes", strings.Count(svg, "128 functions<"), len(svg))
	}
	svg := draw.SVG(large(true))
	for n := range 512 {
		if !strings.Contains(svg, ">"+uuid(n)+"</text>") {
			t.Fatalf("logical port %s isn't drawn in full", uuid(n))
		}
	}
	root := parse(t, svg)[0]
	height := parseNumber(t, strings.Fields(attribute(root, "viewBox"))[3])
	if pages := height / (794 * 297 / 210); pages > 3 {
		t.Errorf("%v pages of A4", pages)
	}
}

func TestDrawing_WhatDoesntFitEndsInAnEllipsisAndIsInTheTooltip(t *testing.T) {
	svg := draw.SVG(everyState())
	for _, want := range []string{
		">a-logical-port-with-a-name-that-is-…</text>",
		"logical port a-logical-port-with-a-name-that-is-longer-than-its-place: held, mass-unplug",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestDrawing_ARequestForNothingOnTheCardIsTold(t *testing.T) {
	svg := draw.SVG(everyState())
	for _, want := range []string{">bad</text>", ">invalid: invalid-option</text>", `option vif-plug:representor:vf-num is &#34;3x&#34;`} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestDrawing_WithoutADaemonNoStateIsClaimed(t *testing.T) {
	f := oneVF()
	f.PortsKnown = false
	f.Representors.Representors[1].LogicalPort = ""
	svg := draw.SVG(f)
	if strings.Contains(svg, ">plugged<") || strings.Contains(svg, `href="#plugged"`) || strings.Contains(svg, "vm1") ||
		!strings.Contains(svg, "who asks for them is not known") {
		t.Error(svg)
	}
}

func TestDrawing_APortThatTheDaemonForgotBetweenTwoAnswersIsStillOnItsFunction(t *testing.T) {
	f := oneVF()
	f.Ports = nil
	if svg := draw.SVG(f); !strings.Contains(svg, ">vm1</text>") {
		t.Error(svg)
	}
}

// wantWithin: what is written in letters of one width, which can be measured, ends
// within the box it belongs to.
func wantWithin(t failer, elements []element) {
	t.Helper()
	sizes := map[string]float64{"mono": 8, "compact": 6.6}
	var in box
	for _, e := range elements {
		switch e.Name.Local {
		case "g":
			in = box{w: 794 - 36}
		case "rect":
			in = boxOf(t, e)
		case "text":
			class, _, _ := strings.Cut(attribute(e, "class"), " ")
			size, ok := sizes[class]
			if b := boxOf(t, e); ok && attribute(e, "text-anchor") == "" && b.x > 0 {
				if end := b.x + 0.602*size*float64(utf8.RuneCountInString(strings.TrimRight(e.text, "\n"))); end > in.x+in.w {
					t.Fatalf("%q at %v ends at %v, beyond %v", e.text, b.x, end, in.x+in.w)
				}
			}
		}
	}
}
