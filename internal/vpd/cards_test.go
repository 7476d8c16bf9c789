package vpd

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// vector is an entry of testdata/cards.txt.
type vector struct {
	title string
	data  []byte
	want  Contents
}

func readVectors(tb testing.TB) []vector {
	tb.Helper()
	b, err := os.ReadFile("testdata/cards.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var all []vector
	for line := range strings.Lines(string(b)) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if word == "card" {
			all = append(all, vector{title: rest, want: contents()})
		}
		if word == "" || word == "#" || word == "card" {
			continue
		}
		v := &all[len(all)-1]
		key, value, _ := strings.Cut(rest, " ")
		switch word {
		case "name":
			v.want.Name, v.want.HasName = rest, true
		case "ro":
			v.want.ReadOnly[key] = value
		case "rw":
			v.want.ReadWrite[key] = value
		default:
			data, err := hex.DecodeString(strings.ReplaceAll(word+rest, " ", ""))
			if err != nil {
				tb.Fatalf("%q: %v", line, err)
			}
			v.data = append(v.data, data...)
		}
	}
	return all
}

func contents() Contents {
	return Contents{ReadOnly: map[string]string{}, ReadWrite: map[string]string{}}
}

// field is one field.
func field(keyword string, data ...byte) []byte {
	return append([]byte{keyword[0], keyword[1], byte(len(data))}, data...)
}

// says tells whether a problem is the one that is meant.
func says(p *Problem, text string) bool { return strings.Contains(p.Error(), text) }

// large is a large resource.
func large(tag byte, parts ...[]byte) []byte {
	data := bytes.Join(parts, nil)
	return append([]byte{tag, byte(len(data)), byte(len(data) >> 8)}, data...)
}

// sum makes the first byte of the first RV right.
func sum(parts ...[]byte) []byte {
	data := bytes.Join(parts, nil)
	at := bytes.Index(data, []byte("RV")) + 3
	data[at] = 0
	var total byte
	for _, x := range data[:at] {
		total += x
	}
	data[at] = -total
	return data
}

func end() []byte { return []byte{0x78} }
