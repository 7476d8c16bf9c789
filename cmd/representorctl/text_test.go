package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAgo_ShowsTheTwoLargestUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour:                              "0s",
		999 * time.Millisecond:                  "0s",
		59 * time.Second:                        "59s",
		time.Minute:                             "1m0s",
		time.Hour - time.Second:                 "59m59s",
		time.Hour:                               "1h0m",
		24*time.Hour - time.Second:              "23h59m",
		100*24*time.Hour - time.Second:          "99d23h",
		100 * 24 * time.Hour:                    "100d",
		1<<63 - 1:                               "106751d",
		3*time.Hour + 12*time.Minute + 59*1e9:   "3h12m",
		49*time.Hour + 59*time.Minute + 59*1e9:  "2d1h",
		10*time.Minute + 30*time.Second + 1*1e6: "10m30s",
	} {
		if got := ago(d); got != want {
			t.Errorf("ago(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestAgo_FitsItsColumnForAThousandYears(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(99999*24*time.Hour)).Draw(t, "d"))
		if got := ago(d); len(got) > sinceWidth {
			t.Fatalf("ago(%v) = %s", d, got)
		}
	})
}

func TestWrap_LosesNoWordAndKeepsTheWidth(t *testing.T) {
	word := rapid.StringMatching(`[a-zé]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(word).Draw(t, "words")
		const to = 20
		lines := wrap(strings.Join(words, "  "), to)
		if got := strings.Fields(strings.Join(lines, " ")); !slices.Equal(got, words) && len(words) > 0 {
			t.Fatalf("%q became %q", words, lines)
		}
		for _, line := range lines {
			if width(line) > to {
				t.Fatalf("%q is wider than %d", line, to)
			}
		}
		lines, _ = brief(strings.Join(words, " "), to)
		for _, line := range lines {
			if width(line) > to {
				t.Fatalf("%q is wider than %d", line, to)
			}
		}
	})
}

func TestBrief_SaysThatThereIsMore(t *testing.T) {
	for _, c := range []struct {
		text string
		to   int
		want []string
		cut  bool
	}{
		{"one two three", 9, []string{"one two", "three"}, false},
		{"one two three four five six", 9, []string{"one two", "three ..."}, true},
		{"why: this is so; do that with this, and then more", 20, []string{"why: this is so; do", "that with this, ..."}, true},
		{"it is not there yet, and so it waits: for it; look there where it is meant to be", 40,
			[]string{"it is not there yet, and so it waits:", "for it ..."}, true},
		{"it is not there yet, and waiting for somebody: look there where it is meant to be", 40,
			[]string{"it is not there yet, and waiting for", "somebody ..."}, true},
		{strings.Repeat("x", 30), 10, []string{"xxxxxxx..."}, true},
	} {
		if got, cut := brief(c.text, c.to); !slices.Equal(got, c.want) || cut != c.cut {
			t.Errorf("%q, %t, want %q", got, cut, c.want)
		}
	}
}
