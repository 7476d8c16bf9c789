package card

import (
	"errors"

	"github.com/representord/representord/internal/netlinkio"
)

// remark is a warning that came with an answer; the zero value is none.
type remark struct {
	cause *netlinkio.MalformedError
}

// warning tells a warning from a failure.
func warning(err error) (remark, error) {
	var malformed *netlinkio.MalformedError
	if errors.As(err, &malformed) {
		return remark{malformed}, nil
	}
	return remark{}, err
}

// text is for an operator, empty without a warning.
func (r remark) text() string {
	if r.cause == nil {
		return ""
	}
	return r.cause.Error()
}

// count is how many things were left out.
func (r remark) count() int {
	if r.cause == nil {
		return 0
	}
	return r.cause.Count
}
