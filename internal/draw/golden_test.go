package draw_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/draw"
)

//nolint:gochecknoglobals // flags of a test binary are global
var update = flag.Bool("update", false, "write the golden files")

func TestGoldenDrawings(t *testing.T) {
	kernel := everyState()
	kernel.Title, kernel.Subtitle, kernel.Ports, kernel.PortsKnown = "Representors", "as the kernel shows them", nil, false
	for i := range kernel.Representors.Representors {
		kernel.Representors.Representors[i].LogicalPort = ""
	}
	unread := draw.Facts{Title: "Representors", Subtitle: "as the kernel shows them",
		Representors: api.Representors{Problem: "the kernel has no devlink"}}
	for name, f := range map[string]draw.Facts{
		"one-vf": oneVF(), "every-state": everyState(), "nobody-asks": large(false), "kernel": kernel, "unread": unread,
		"crowded": crowded(), "old-kernel": oldKernel(), "auxiliary-uplinks": auxiliaryUplinks(),
	} {
		t.Run(name, func(t *testing.T) {
			got := draw.SVG(f)
			wantDrawing(t, got)
			path := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// element is a start tag and the text up to the next tag.
type element struct {
	xml.StartElement
	text string
}

// parse reads a document to its end, which fails unless it is well-formed, and gives
// all of its elements.
func parse(t failer, svg string) []element {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	d.Entity = map[string]string{} // nothing but what XML itself has
	var all []element
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			all = append(all, element{StartElement: token.Copy()})
		case xml.CharData:
			if len(all) > 0 {
				all[len(all)-1].text += string(token)
			}
		case xml.Comment, xml.Directive, xml.ProcInst:
			t.Fatalf("a %T in the drawing: %v", token, token)
		case xml.EndElement:
		}
	}
}

func attribute(e element, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
