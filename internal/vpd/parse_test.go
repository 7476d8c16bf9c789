package vpd

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestParse_RealCardsReadStrictlyAsLibvirtReadsThem(t *testing.T) {
	vectors := readVectors(t)
	if len(vectors) != 10 {
		t.Fatalf("%d cards, want 10", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.title, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"at once":              bytes.NewReader(v.data),
				"byte by byte":         iotest.OneByteReader(bytes.NewReader(v.data)),
				"with EOF at the data": iotest.DataErrReader(bytes.NewReader(v.data)),
				"with more after it":   io.MultiReader(bytes.NewReader(v.data), strings.NewReader(strings.Repeat("\xff", Size))),
			} {
				got := Parse(r)
				if err := got.Err(); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if diff := cmp.Diff(&v.want, got.Strict); diff != "" {
					t.Errorf("%s: strict (-want +got):\n%s", name, diff)
				}
				if diff := cmp.Diff(v.want, got.Tolerant); diff != "" {
					t.Errorf("%s: tolerant (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// card is a good VPD, made of its parts.
func card(fields ...[]byte) []byte {
	fields = append(fields, field("RV", 0))
	return sum(large(tagName, []byte("a card")), large(tagReadOnly, fields...), end())
}

func sn(value string) []byte { return field(KeySerial, []byte(value)...) }

func TestParse_TheStrictReadingRefusesAndTheTolerantStillHasTheSerialNumber(t *testing.T) {
	name := large(tagName, []byte("a card"))
	wrongSum := card(sn("S1"))
	wrongSum[len(wrongSum)-2]++
	whole := card(sn("S1"))
	noRV := bytes.Join([][]byte{name, large(tagReadOnly, sn("S1")), end()}, nil)
	tiny := bytes.Repeat([]byte{0x33}, Size)
	long := bytes.Join([][]byte{name, {tagReadOnly, 0xff, 0xff}, sn("S1"), bytes.Repeat([]byte{'!'}, Size)}, nil)[:Size]
	for title, tt := range map[string]struct {
		data   []byte
		says   string
		serial string
	}{
		"nothing":                         {nil, "there is no end tag", ""},
		"only an end tag":                 {end(), "there is no VPD-R", ""},
		"no VPD-R":                        {append(name, 0x78), "there is no VPD-R", ""},
		"no end tag":                      {whole[:len(whole)-1], "there is no end tag", "S1"},
		"the data ends in a header":       {append(whole[:len(whole)-1:len(whole)-1], 0x91, 3), "the data ends within a resource", "S1"},
		"the data ends in RV":             {whole[:len(whole)-2], "the data ends within a resource", "S1"},
		"the data ends in a field's head": {whole[:len(whole)-4], "the data ends within a resource", "S1"},
		"the data ends in a name":         {[]byte{tagName, 9, 0, 'x'}, "the data ends within a resource", ""},
		"no RV":                           {noRV, "the VPD-R has no checksum", "S1"},
		"an RV without a byte": {bytes.Join([][]byte{name, large(tagReadOnly, sn("S1"), field("RV")), end()}, nil),
			"has no byte, and with the next one", "S1"},
		"a wrong sum": {wrongSum, "the checksum is wrong", "S1"},
		"RV not last": {sum(name, large(tagReadOnly, field("RV", 0), sn("S1")), end()), "is not the last one", "S1"},
		"two bytes after RV": {sum(name, large(tagReadOnly, sn("S1"), field("RV", 0), []byte("ab")), end()),
			"2 bytes are left after the last field", "S1"},
		"RW in VPD-R": {card(field("RW", 0, 0), sn("S1")), ", which belongs into ", "S1"},
		"RV in VPD-W": {sum(large(tagReadOnly, sn("S1"), field("RV", 0)), large(tagReadWrite, field("RV", 0)), end()),
			", which belongs into ", "S1"},
		"RW not last": {sum(large(tagReadOnly, sn("S1"), field("RV", 0)), large(tagReadWrite, field("RW"), field("YA")),
			end()), "is not the last one", "S1"},
		"a field beyond its resource": {sum(large(tagReadOnly, sn("S1"), field("RV", 0), []byte{'P', 'N', 9, 'x'}), end()),
			"is not the last one", "S1"},
		"a field beyond VPD-R, no RV": {bytes.Join([][]byte{large(tagReadOnly, sn("S1"), []byte{'P', 'N', 9, 'x'}), end()}, nil),
			`the field "PN" has 9 bytes, where 1 are left`, "S1"},
		"a field beyond VPD-W": {sum(large(tagReadOnly, sn("S1"), field("RV", 0)), large(tagReadWrite, []byte{'Y', 'A', 9}), end()),
			`the field "YA" has 9 bytes, where 0 are left`, "S1"},
		"an unprintable name": {sum(large(tagName, []byte("a\x01b")), large(tagReadOnly, sn("S1"), field("RV", 0)), end()),
			"the identifier string has unprintable", "S1"},
		"a name that isn't ASCII": {sum(large(tagName, []byte("é")), large(tagReadOnly, sn("S1"), field("RV", 0)), end()),
			"the identifier string has unprintable", "S1"},
		"the same byte again and again": {tiny, "there is no end tag", ""},
		"a VPD-R that goes on for ever": {long, "a resource of ", "S1"},
		"zeros":                         {make([]byte, Size), "there is no end tag", ""},
		"ones":                          {bytes.Repeat([]byte{0xff}, Size), "a resource of ", ""},
		"no end within 32 KiB": {append(whole[:len(whole)-1:len(whole)-1], large(0x83, make([]byte, Size-len(whole)-2))...),
			"there is no end tag", "S1"},
		"an end tag beyond 32 KiB": {append(append(whole[:len(whole)-1:len(whole)-1], large(0x83, make([]byte, Size-len(whole)-2))...),
			0x78), "there is no end tag", "S1"},
	} {
		t.Run(title, func(t *testing.T) {
			got := Parse(bytes.NewReader(tt.data))
			var problem *Problem
			if !errors.As(got.Err(), &problem) || !says(problem, tt.says) || got.Strict != nil {
				t.Errorf("error %v, strict %v; want %s", got.Err(), got.Strict, tt.says)
			}
			if serial := got.Tolerant.ReadOnly[KeySerial]; serial != tt.serial {
				t.Errorf("tolerant serial number %q, want %q (%v)", serial, tt.serial, got.Problems)
			}
		})
	}
}

func TestParse_ABrokenFieldCostsNothingButItself(t *testing.T) {
	got := Parse(bytes.NewReader(card(field("PN", 'a', 0xe9), field("V0", 1, 2), sn("S1"))))
	if got.Strict == nil || len(got.Problems) != 2 || !says(got.Problems[0], "the field PN has unprintable characters and is left out") {
		t.Fatalf("%+v", got)
	}
	if diff := cmp.Diff(map[string]string{KeySerial: "S1"}, got.Strict.ReadOnly); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestParse_WhatIsNotKnownIsSkipped(t *testing.T) {
	data := sum(
		large(0x85), []byte{0x28}, // an unknown large resource and a small one, both empty
		large(tagReadOnly, field("CP", 0, 1, 2), field("FG", 'x'), field("v0", 'x'), field("V!", 'x'), field("Y1", 'x'), field("\x00\xff", 1),
			sn("S1"), field("RV", 0)),
		large(tagReadWrite, field("SN", 'x'), field("YA", 'a'), field("Y9", 'b'), field("VZ", 'c'), field("RW", 0, 0)),
		end())
	got := Parse(bytes.NewReader(data))
	want := Contents{
		ReadOnly:  map[string]string{KeySerial: "S1"},
		ReadWrite: map[string]string{"YA": "a", "Y9": "b", "VZ": "c"},
	}
	if diff := cmp.Diff(&want, got.Strict); diff != "" || got.Problems != nil {
		t.Errorf("%v, strict (-want +got):\n%s", got.Problems, diff)
	}
}

func TestParse_TextEndsAtNulAndKeepsInnerSpace(t *testing.T) {
	for in, want := range map[string]string{
		"  a b  ":         "a b",
		"a\x00b":          "a",
		"\x00":            "",
		"":                "",
		"\t a\r\n":        "a",
		"a  \x00\xff\x01": "a",
		"N/A":             "N/A",
	} {
		got := Parse(bytes.NewReader(card(sn(in))))
		if value, there := got.Strict.ReadOnly[KeySerial]; value != want || !there {
			t.Errorf("%q is read as %q, want %q", in, value, want)
		}
	}
}

func TestParse_OfTwoSerialNumbersLibvirtHasTheLastAndLspciTheFirst(t *testing.T) {
	got := Parse(bytes.NewReader(card(sn("S1"), sn("S2"))))
	if got.Strict == nil || got.Strict.ReadOnly[KeySerial] != "S2" || got.Tolerant.ReadOnly[KeySerial] != "S1" {
		t.Errorf("%+v", got)
	}
	if len(got.Problems) != 1 || !says(got.Problems[0], "the field SN is there twice") {
		t.Errorf("problems %v", got.Problems)
	}
	if got := Parse(bytes.NewReader(card(sn("S1"), sn("S1")))); got.Problems != nil {
		t.Errorf("the same twice: %v", got.Problems)
	}
}

func TestParse_TheTolerantSerialNumberIsTheFirstVPDRs(t *testing.T) {
	second := sum(large(tagReadOnly, sn("S2"), field("RV", 0)))
	got := Parse(io.MultiReader(bytes.NewReader(sum(large(tagReadOnly, field("RV", 0, 7, 7)))), bytes.NewReader(second),
		bytes.NewReader(end())))
	if serial, there := got.Tolerant.ReadOnly[KeySerial]; there {
		t.Errorf("tolerant %q", serial)
	}
	if got.Strict == nil || got.Strict.ReadOnly[KeySerial] != "S2" {
		t.Errorf("strict %+v: %v", got.Strict, got.Err())
	}
}

func TestChecksum_TheReservedBytesOfRVAreNotSummed(t *testing.T) {
	data := sum(large(tagReadOnly, sn("S1"), field("RV", 0, 1, 2, 3)), end())
	if got := Parse(bytes.NewReader(data)); got.Strict == nil {
		t.Error(got.Err())
	}
}

// An unknown resource before VPD-R: the specification sums up its data, and libvirt,
// which skips it without reading it (virPCIVPDParse in src/util/virpcivpd.c), doesn't.
func TestChecksum_DataOfUnknownResourcesIsLeftOutAsLibvirtLeavesItOut(t *testing.T) {
	name, readOnly := large(tagName, []byte("a card")), large(tagReadOnly, sn("S1"), field("RV", 0))
	for title, unknown := range map[string]struct {
		head, data []byte
	}{
		"large": {[]byte{0x85, 3, 0}, []byte("abc")},
		"small": {[]byte{0x2a}, []byte{1, 2}},
	} {
		with := func(sum []byte) []byte { // puts the data where it belongs, without counting it
			at := len(name) + len(unknown.head)
			return slices.Concat(sum[:at], unknown.data, sum[at:])
		}
		for _, tt := range []struct {
			reader string
			data   []byte
			strict bool
			says   string
		}{
			{"libvirt", with(sum(name, unknown.head, readOnly, end())), true, "right for libvirt"},
			{"the specification", sum(name, unknown.head, unknown.data, readOnly, end()), false,
				"right by the specification, and wrong for libvirt"},
		} {
			t.Run(title+", a sum right for "+tt.reader, func(t *testing.T) {
				got := Parse(bytes.NewReader(tt.data))
				if (got.Strict != nil) != tt.strict || tt.strict && got.Strict.ReadOnly[KeySerial] != "S1" {
					t.Errorf("strict %+v, error %v", got.Strict, got.Err())
				}
				if got.Tolerant.ReadOnly[KeySerial] != "S1" {
					t.Errorf("tolerant %+v", got.Tolerant)
				}
				if len(got.Problems) != 1 || !says(got.Problems[0], tt.says) {
					t.Fatalf("problems %v, want %s", got.Problems, tt.says)
				}
				for _, who := range []string{"libvirt", "specification"} {
					if !strings.Contains(got.Problems[0].Error(), who) {
						t.Errorf("%v doesn't say what %s makes of it", got.Problems[0], who)
					}
				}
			})
		}
	}
}

func TestChecksum_OfAnRVWithoutAByteIsTheNextByteAsLibvirtReadsIt(t *testing.T) {
	readOnly := large(tagReadOnly, sn("S1"), field("RV"))
	// The next byte is the tag of the next resource: one that makes the sum 0 must be
	// found, and the name's letters move the sum.
	build := func(name byte) []byte {
		return slices.Concat(large(tagName, []byte{name, 'a'}), readOnly, end())
	}
	taken := 0
	for name := byte('!'); name <= '~'; name++ {
		data := build(name)
		var total byte
		for _, x := range data { // the end tag is the last one
			total += x
		}
		got := Parse(bytes.NewReader(data))
		want := "has no byte, and with the next one"
		if total == 0 {
			want = "has no byte, so by the specification there is none"
			taken++
		}
		if (got.Strict != nil) != (total == 0) || len(got.Problems) != 1 || !says(got.Problems[0], want) {
			t.Errorf("a sum of %#02x: strict %+v, problems %v; want %s", total, got.Strict, got.Problems, want)
		}
	}
	if taken != 1 {
		t.Errorf("%d names gave a sum that libvirt takes, want 1", taken)
	}
	got := Parse(bytes.NewReader(build('a')[:len(build('a'))-1]))
	if got.Strict != nil || got.Tolerant.ReadOnly[KeySerial] != "S1" {
		t.Errorf("without a next byte: %+v", got)
	}
}

func TestResources_AsManyAsThereAreAreRead(t *testing.T) {
	many := bytes.Repeat([]byte{0}, 10*resourcesUsual) // small resources without data
	got := Parse(bytes.NewReader(slices.Concat(many, card(sn("S1")))))
	if got.Strict == nil || got.Strict.ReadOnly[KeySerial] != "S1" || got.Tolerant.ReadOnly[KeySerial] != "S1" {
		t.Errorf("%+v: %v", got, got.Err())
	}
	if len(got.Problems) != 1 || !says(got.Problems[0], "more than 64 resources") || got.Problems[0].Fatal {
		t.Errorf("problems %v", got.Problems)
	}
}

func TestParse_AReadErrorKeepsWhatWasRead(t *testing.T) {
	whole := card(sn("S1"))
	broken := errors.New("ETIMEDOUT")
	for _, n := range []int{len(whole) - 1, len(whole) - 2} { // between two resources, and within one
		got := Parse(io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken)))
		var problem *Problem
		if !errors.As(got.Err(), &problem) || !says(problem, "reading on failed") || !errors.Is(got.Err(), broken) {
			t.Errorf("after %d bytes: %v", n, got.Err())
		}
		if got.Tolerant.ReadOnly[KeySerial] != "S1" {
			t.Errorf("after %d bytes: %+v", n, got.Tolerant)
		}
	}
}

// countingReader tells how much was asked of it.
type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

func TestParse_NothingMuchIsReadBeyondTheEnd(t *testing.T) {
	whole := card(sn("S1"))
	r := &countingReader{r: io.MultiReader(bytes.NewReader(whole), bytes.NewReader(make([]byte, Size)))}
	Parse(r)
	if r.n > len(whole)+chunk {
		t.Errorf("%d bytes read of %d", r.n, len(whole))
	}
	r = &countingReader{r: io.MultiReader(bytes.NewReader([]byte{0x83, 0xfc, 0x7f}), bytes.NewReader(make([]byte, 4*Size)))}
	Parse(r)
	if r.n > Size {
		t.Errorf("%d bytes read, VPD has at most %d", r.n, Size)
	}
}

func TestParse_ProblemsAreBounded(t *testing.T) {
	many := make([][]byte, 0, 1000)
	for range 1000 {
		many = append(many, field("PN", 0xff))
	}
	got := Parse(bytes.NewReader(sum(large(tagReadOnly, append(many, field("RV", 0))...))))
	if len(got.Problems) != problemsMost || got.Strict != nil {
		t.Errorf("%d problems, strict %v", len(got.Problems), got.Strict)
	}
	var problem *Problem
	if !errors.As(got.Err(), &problem) || !says(problem, "there is no end tag") {
		t.Errorf("the fatal one is lost: %v", got.Err())
	}
}

func TestParse_TakesLittleMemory(t *testing.T) {
	field := append([]byte("V0\xff"), bytes.Repeat([]byte{'x'}, 255)...)
	for title, data := range map[string][]byte{
		"a name of 32 KiB":  append([]byte{tagName, 0xfc, 0x7f}, bytes.Repeat([]byte{'x'}, Size)...),
		"fields all along":  append([]byte{tagReadOnly, 0xff, 0xff}, bytes.Repeat(field, Size/len(field))...),
		"broken all along":  append([]byte{tagReadOnly, 0xff, 0xff}, bytes.Repeat([]byte{'P', 'N', 1, 0xff}, Size/4)...),
		"nothing but tags":  bytes.Repeat([]byte{0x80, 0, 0}, Size),
		"much more than is": bytes.Repeat([]byte{0x83, 0xff, 0x7f}, 1<<20),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Parse(bytes.NewReader(data))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 16*Size {
			t.Errorf("%s takes %d bytes", title, took)
		}
	}
}
