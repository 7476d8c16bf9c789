package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/representord/representord/plug"
)

// maxBody bounds the body of a request, in bytes. PathReleaseHold needs it for the names of
// some 25,000 ports.
const maxBody = 1 << 20

// Seen is the body of PathReleaseHold: the holds that whoever asks has seen, as PathStatus
// gives them. Nothing else is released.
type Seen struct {
	// Holds must be there, and may be empty. Of each, Code, Identity and Ports count.
	Holds []plug.Holding `json:"holds"`
}

// Released is the answer of PathReleaseHold.
type Released struct {
	// Holds are those that ended, with the ports that may go now; none if nothing that was seen
	// is still held.
	Holds []plug.Holding `json:"holds"`
	// Held is what was not seen, and stays held.
	Held []plug.Holding `json:"held"`
}

// ReleaseHold lets removals that wait go ahead, PathReleaseHold: of the holds that were seen
// those that still are.
func (c *Client) ReleaseHold(ctx context.Context, seen []plug.Holding) (Released, error) {
	body, err := json.Marshal(Seen{Holds: append([]plug.Holding{}, seen...)})
	if err != nil {
		return Released{}, fmt.Errorf("encoding the question: %w", err)
	}
	return ask[Released](ctx, c, http.MethodPost, PathReleaseHold, bytes.NewReader(body))
}

// releaseHold lets removals that wait go ahead, as far as they were seen. The facts are those
// after the body was read, which may take a while.
func (s *Server) releaseHold(_ Facts, r *http.Request) (any, error) {
	seen, err := readSeen(r)
	if err != nil {
		return nil, err
	}
	if f := s.Facts(); f.Role != Active {
		return nil, refuse(http.StatusServiceUnavailable, "this representord is %s and holds nothing: %s", f.Role, f.RoleReason)
	}
	released, held := s.Release(seen)
	return Released{Holds: holds(released), Held: holds(held)}, nil
}

// readSeen reads the body. One that says nothing of holds is refused: an empty list is what
// somebody has seen, a missing one is a client that didn't look.
func readSeen(r *http.Request) ([]plug.Holding, error) {
	var body Seen
	err := json.NewDecoder(r.Body).Decode(&body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refuse(http.StatusBadRequest, "the body has more than %d bytes", tooLarge.Limit)
	}
	if err != nil || body.Holds == nil {
		return nil, refuse(http.StatusBadRequest, `the body must tell the holds that were seen, {"holds": [...]} as %s gives them: `+
			`only those are released; representorctl release-hold does so`, PathStatus)
	}
	return body.Holds, nil
}
