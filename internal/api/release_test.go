package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/reason"
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

func TestReleaseHold_ThatDoesNotTellWhatWasSeenIsRefused(t *testing.T) {
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

func TestRelease_SaysWhatEndsAndWhatStaysHeld(t *testing.T) {
	mass := plug.Holding{Code: reason.CodeMassUnplug, Until: facts().Started.UTC().Truncate(time.Millisecond), Ports: []string{"a", "b"}}
	replaced := plug.Holding{Code: reason.CodeSouthboundReplaced, Identity: "cluster 2", Ports: []string{"c"}}
	var seen []plug.Holding
	c := NewClient(offer(t, facts(), Server{Release: func(all []plug.Holding) (released, held []plug.Holding) {
		seen = all
		return all[:1], all[1:]
	}}))
	r, err := c.ReleaseHold(t.Context(), []plug.Holding{mass, replaced})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]plug.Holding{mass, replaced}, seen); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Released{Holds: []plug.Holding{mass}, Held: []plug.Holding{replaced}}, r); diff != "" {
		t.Errorf("released (-want +got):\n%s", diff)
	}
}
