package dbconn

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// What passes doesn't panic in the library's decoders.
func FuzzJudge(f *testing.F) {
	const row = `{"a":"b","c":["set",[1,["uuid","x"]]],"d":["map",[["k",1.5e3],[true,"v"]]],"e":["named-uuid","x"],"f":false}`
	const updates = `{"T":{"u":{"insert":` + row + `},"v":{"delete":null}}}`
	for _, seed := range []string{
		`{"id":1,"result":["a","b"],"error":null}`,
		`{"id":2,"error":null,"result":{"name":"D","version":"1","tables":{"T":{"indexes":[["a"]],"columns":` +
			`{"a":{"type":"string"},"b":{"type":{"key":{"type":"string","enum":["set",["x"]]},"value":"uuid","min":0,"max":"unlimited"}}}}}}}`,
		`{"id":3,"result":[{"rows":[` + row + `],"count":1,"uuid":["uuid","x"]},null,{"error":"e","details":"d"}]}`,
		`{"id":4,"result":` + updates + `}`, `{"method":"update2","params":["c",` + updates + `],"id":null}`,
		`{"id":4,"result":{"T":{"u":{"insert":{"a":["map",[[["set",[]],1]]]}}}}}`, `{"error":"404"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(_ *testing.T, said []byte) {
		r := &relay{asked: map[string]*question{
			"1": {method: "list_dbs"}, "2": {method: "get_schema"}, "3": {method: "transact"}, "4": {method: "monitor_cond"}, "5": {method: "echo"},
		}}
		pass, err := r.judge(said)
		if err != nil || pass == nil {
			return
		}
		// As cenkalti/rpc2's codec does.
		var m struct {
			Method             string
			Params, ID, Result *json.RawMessage
			Error              any
		}
		if json.Unmarshal(pass, &m) != nil {
			return
		}
		switch {
		case m.Method == "update2":
			var params []json.RawMessage
			var u ovsdb.TableUpdates2
			_ = json.Unmarshal(*m.Params, &params)
			_ = json.Unmarshal(params[1], &u)
			for _, rows := range u {
				for _, row := range rows {
					_ = *row
				}
			}
		case m.Method != "":
			_ = *m.Params
		case m.Error == nil:
			decodeResult(string(*m.ID), *m.Result)
		default:
			_ = *m.ID
		}
	})
}

func decodeResult(id string, result json.RawMessage) {
	switch id {
	case "2":
		var s ovsdb.DatabaseSchema
		if json.Unmarshal(result, &s) != nil {
			return
		}
		for _, t := range s.Tables {
			for _, c := range t.Columns {
				_, _ = ovsdb.NativeType(c), c.String()
			}
		}
	case "3":
		var results []ovsdb.OperationResult
		_ = json.Unmarshal(result, &results)
	case "4":
		var u ovsdb.TableUpdates2
		_ = json.Unmarshal(result, &u)
		for _, rows := range u {
			for _, row := range rows {
				_ = *row
			}
		}
	}
}

func TestFramer_MessagesAreTakenApartWhereverTheStreamIsCut(t *testing.T) {
	messages := []string{`{}`, `{"a":"}{\"\\"}`, `{"a":[1,{"b":"]"}]}`, `{"long":"` + strings.Repeat("x", 3*firstBuffer) + `"}`}
	stream := strings.Join(messages, " \n") + strings.Join(messages, "")
	for name, from := range map[string]io.Reader{
		"whole":  strings.NewReader(stream),
		"bytes":  iotest.OneByteReader(strings.NewReader(stream)),
		"halves": iotest.HalfReader(strings.NewReader(stream)),
	} {
		f := newFramer(from, 1<<20)
		for i := range 2 * len(messages) {
			got, err := f.next()
			if err != nil || string(got) != messages[i%len(messages)] {
				t.Fatalf("%s: message %d: %.40q, %v", name, i, got, err)
			}
		}
		if _, err := f.next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: at the end: %v", name, err)
		}
	}
}

func TestFramer_NoMoreThanTheBoundIsKept(t *testing.T) {
	const limit = 100 << 10
	f := newFramer(io.MultiReader(strings.NewReader(`{"a":"`), endless{}), limit)
	if _, err := f.next(); !errors.Is(err, ErrTooLargeMessage) {
		t.Fatalf("%v, want ErrTooLargeMessage", err)
	}
	if cap(f.buf) > limit+limit/4 {
		t.Errorf("%d bytes were kept", cap(f.buf))
	}
	exact := `{"a":"` + strings.Repeat("y", limit-8) + `"}`
	if got, err := newFramer(strings.NewReader(exact), limit).next(); err != nil || !bytes.Equal(got, []byte(exact)) {
		t.Errorf("a message of exactly the bound: %v", err)
	}
	if _, err := newFramer(strings.NewReader(`{"b": `+exact[5:]), limit).next(); !errors.Is(err, ErrTooLargeMessage) {
		t.Errorf("a message of one byte more: %v, want ErrTooLargeMessage", err)
	}
}

// endless says y.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'y'
	}
	return len(b), nil
}
