package devlink

import (
	"bytes"
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
	var fields map[string]json.RawMessage
	var name string
	if json.Unmarshal(body, &fields) != nil || json.Unmarshal(fields["flavour"], &name) != nil {
		return FlavourUnknown
	}
	return flavourByName(name)
}

// notJSON says of an input as a whole what it is instead, for who gave it.
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
	return wrongType(err)
}

// wrongType puts an error about a value into words that know of no Go types.
func wrongType(err error) error {
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
	switch value {
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "number":
		return "a number"
	}
	return reason.Name(value)
}

// typeWord names what may be in a field of jsonPort.
func typeWord(t reflect.Type) string {
	switch t.Kind() { //nolint:exhaustive // the fields have no others
	case reflect.Pointer:
		return typeWord(t.Elem())
	case reflect.Uint16:
		return "a number from 0 to 65535"
	case reflect.Uint32:
		return "a number from 0 to 4294967295"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	}
	return "an object"
}

// objectIn reads an object. name is that of its field, empty for the document.
func objectIn(name string, body []byte) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	err := json.Unmarshal(body, &object)
	if err != nil {
		err = notJSON(body, err)
	} else if object == nil {
		err = errors.New("null, where an object was expected")
	}
	if err != nil && name != "" {
		return nil, fmt.Errorf("%q is %w", name, err)
	}
	return object, err
}
