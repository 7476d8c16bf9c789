package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/representord/representord/plug"
)

// post asks as curl --data does.
func post(t *testing.T, socket, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := NewClient(socket).http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var text strings.Builder
	if err := answer.Write(&text); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, text.String()
}

func TestAReleaseThatDoesNotTellWhatWasSeenIsRefused(t *testing.T) {
	socket := serve(t, facts)
	for _, body := range []string{"", "null", "{}", `{"holds": null}`, "holds", `{"holds": "all"}`} {
		if status, text := post(t, socket, PathReleaseHold, body); status != http.StatusBadRequest ||
			!strings.Contains(text, "the holds that were seen") {
			t.Errorf("body %q: %d, want 400 that says what is missing:\n%s", body, status, text)
		}
	}
	large := `{"holds": [{"code": "mass-unplug", "logical-ports": ["` + strings.Repeat("x", maxBody) + `"]}]}`
	if status, text := post(t, socket, PathReleaseHold, large); status != http.StatusBadRequest || !strings.Contains(text, "1048576 bytes") {
		t.Errorf("a body of %d bytes: %d, want 400 that says the bound:\n%s", len(large), status, text)
	}
}

func TestWhatIsReleasedIsWhatWasSeenAndTheRestIsToldAsHeld(t *testing.T) {
	now := facts()
	mass := now.Report.Holds[0]
	mass.Ports = []string{"a", "b", "new"}
	replaced := plug.Holding{Code: "southbound-replaced", Identity: "cluster 2", Ports: []string{"c"}}
	now.Report.Holds = []plug.Holding{mass, replaced}
	c := NewClient(serve(t, func() Facts { return now }))
	r, err := c.ReleaseHold(t.Context(), []plug.Holding{{Code: mass.Code, Ports: []string{"a", "b"}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Holds) != 1 || strings.Join(r.Holds[0].Ports, " ") != "a b" {
		t.Errorf("released %+v, want a and b", r.Holds)
	}
	if len(r.Held) != 2 || strings.Join(r.Held[0].Ports, " ") != "new" || r.Held[1].Identity != "cluster 2" {
		t.Errorf("held %+v, want new, and what waits for another Southbound", r.Held)
	}
}
