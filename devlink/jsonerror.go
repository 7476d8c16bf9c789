package devlink

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/representord/representord/internal/reason"
)

// PortError tells of a port in devlink's JSON that could not be read.
type PortError struct {
	// Key is the port's name, as it was printed.
	Key string
	// Flavour is what the port is for, FlavourUnknown where that can't be read either.
	Flavour Flavour

	cause error
}

// Error names the port and the cause.
func (e *PortError) Error() string { return fmt.Sprintf("port %s: %v", reason.Quote(e.Key), e.cause) }

// Unwrap gives the cause.
func (e *PortError) Unwrap() error { return e.cause }

// MayBePF tells whether the port may be a PF's.
func (e *PortError) MayBePF() bool { return e.Flavour == FlavourPCIPF || e.Flavour == FlavourUnknown }

// flavourIn reads the flavour of a port that can't be read otherwise.
func flavourIn(body []byte) Flavour {
	var port struct {
		Flavour string `json:"flavour"`
	}
	if json.Unmarshal(body, &port) != nil {
		return FlavourUnknown
	}
	return flavourByName(port.Flavour)
}

// notJSON says what an input, or a value in it, is instead, in words that know of no Go types.
func notJSON(input []byte, err error) error {
	var syntax *json.SyntaxError
	textOfDevlink := regexp.MustCompile(`^\s*[^\s{\["]+/\S+: `)
	switch {
	case len(bytes.TrimSpace(input)) == 0:
		return errors.New("it is empty")
	case textOfDevlink.Match(input):
		return errors.New("this is what devlink prints without -j")
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(input)):
		return fmt.Errorf("the JSON ends too early, after %d bytes", len(input))
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON (%w, at byte %d)", err, syntax.Offset)
	}
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	what := fmt.Sprintf("%s, where %s was expected", valueWord(wrong.Value), typeWord(wrong.Type))
	if wrong.Field != "" {
		what = fmt.Sprintf("%s is %s", reason.Quote(wrong.Field), what)
	}
	return errors.New(what)
}

// valueWord names a value as encoding/json describes it.
func valueWord(value string) string {
	if number, ok := strings.CutPrefix(value, "number "); ok {
		return reason.Name(number)
	}
	words := map[string]string{
		"array": "a list", "object": "an object", "string": "a text", "bool": "true or false", "number": "a number",
	}
	return cmp.Or(words[value], reason.Name(value))
}

// typeWord names what may be in a field of jsonPort.
func typeWord(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	words := map[reflect.Kind]string{
		reflect.Uint16: "a number from 0 to 65535", reflect.Uint32: "a number from 0 to 4294967295",
		reflect.Bool: "true or false", reflect.String: "a text",
	}
	return cmp.Or(words[t.Kind()], "an object")
}

// objectIn reads an object, which null is not.
func objectIn[T any](body []byte) (*T, error) {
	var object *T
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, notJSON(body, err)
	}
	if object == nil {
		return nil, errors.New("null, where an object was expected")
	}
	return object, nil
}
