package register

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/representord/representord/internal/cardserial"
)

// serials are few, so that histories meet them again and again.
func serials() *rapid.Generator[string] { return rapid.SampledFrom([]string{"A1", "B2", "C3", "D4"}) }

func lists() *rapid.Generator[string] {
	entry := rapid.OneOf(rapid.SampledFrom([]string{"", "x", "enable-chassis-as-gw", "card-serial-number", "card-serial-number=",
		" card-serial-number=A1"}),
		rapid.Map(serials(), func(s string) string { return cardserial.Entry + s }))
	return rapid.Custom(func(t *rapid.T) string {
		return join(rapid.SliceOfN(entry, 0, 5).Draw(t, "entries"))
	})
}

func join(entries []string) string {
	list := ""
	for i, e := range entries {
		if i > 0 {
			list += ","
		}
		list += e
	}
	return list
}

func drawIDs(t *rapid.T) map[string]string {
	m := map[string]string{"system-id": "dpu1"}
	for _, key := range []string{cardserial.OptionsKey, cardserial.OptionsKey + "-dpu1", cardserial.OptionsKey + "-dpu2"} {
		if rapid.Bool().Draw(t, key) {
			m[key] = lists().Draw(t, "list")
		}
	}
	if rapid.Bool().Draw(t, "memory") {
		m[KeyMemory] = join(rapid.SliceOfNDistinct(serials(), 1, 3, rapid.ID[string]).Draw(t, "written"))
	}
	return m
}

func drawInput(t *rapid.T, externalIDs map[string]string) Input {
	known := rapid.SliceOfNDistinct(serials(), 0, 3, rapid.ID[string]).Draw(t, "known")
	slices.Sort(known)
	return Input{
		ExternalIDs: externalIDs, Chassis: "dpu1", Known: known, Whole: rapid.Bool().Draw(t, "whole"),
		Lost: rapid.SliceOfN(serials(), 0, 2).Draw(t, "lost"),
	}
}

// others gives the entries of a list that are not for any of these serial numbers.
func others(list string, of []string) []string {
	var left []string
	for _, e := range Entries(list) {
		if !slices.ContainsFunc(of, func(s string) bool { return e == cardserial.Entry+s }) {
			left = append(left, e)
		}
	}
	if len(left) == 1 && left[0] == "" {
		return nil // alone, an empty entry is an empty list
	}
	return left
}

func TestPlan_AnyHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := drawIDs(t)
		in := drawInput(t, before)
		d := Plan(in)
		after := d.Apply(before)
		ours := remembered(before)
		now := remembered(after)
		list := after[d.Key]

		for _, s := range in.Known {
			if !slices.Contains(cardserial.Published(list), s) {
				t.Fatalf("card %s is not published: %v", s, after)
			}
		}
		for key := range before {
			if key != cardserial.OptionsKey && key != d.Key && key != KeyMemory && before[key] != after[key] {
				t.Fatalf("%s was changed", key)
			}
		}
		for _, key := range []string{cardserial.OptionsKey, d.Key} {
			// What isn't ours is there before and after, in its order; what comes is a card's.
			if diff := cmp.Diff(others(before[key], slices.Concat(ours, in.Known)), others(after[key], slices.Concat(ours, in.Known))); diff != "" {
				t.Fatalf("others' entries of %s (-before +after):\n%s", key, diff)
			}
			for _, s := range cardserial.Published(before[key]) {
				if !slices.Contains(ours, s) && count(after[key], s) < count(before[key], s) {
					t.Fatalf("the entry of %s in %s was not ours to remove", s, key)
				}
			}
		}
		for _, s := range now {
			if !slices.Contains(ours, s) && slices.Contains(cardserial.Published(before[d.Key]), s) {
				t.Fatalf("%s was there before us and is taken for ours", s)
			}
			if !slices.Contains(cardserial.Published(list), s) {
				t.Fatalf("%s is remembered and not there", s)
			}
		}
		for _, s := range d.Removed {
			if slices.Contains(in.Known, s) {
				t.Fatalf("the entry of %s goes, whose card is there", s)
			}
			if !slices.Contains(in.Lost, s) && !in.Whole {
				t.Fatalf("the entry of %s goes, and not all cards are known", s)
			}
		}
		in.ExternalIDs = after
		if again := Plan(in); !again.Nothing() {
			t.Fatalf("planned again there is something to do: %+v", again)
		}
	})
}

func count(list, s string) int {
	n := 0
	for _, e := range Entries(list) {
		if e == cardserial.Entry+s {
			n++
		}
	}
	return n
}

// Whatever cards come and go: what we leave at the end is what was there at first.
func TestWithdraw_LeavesWhatWasThereBeforeUs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := drawIDs(t)
		delete(first, KeyMemory)
		now := first
		for range rapid.IntRange(1, 6).Draw(t, "plans") {
			d := Plan(drawInput(t, now))
			now = d.Apply(now)
		}
		d := Withdraw(now, "dpu1")
		now = d.Apply(now)
		if first[cardserial.OptionsKey] == "" && now[cardserial.OptionsKey] == "" {
			delete(first, cardserial.OptionsKey) // an empty list is none
			delete(now, cardserial.OptionsKey)
		}
		if diff := cmp.Diff(first, now); diff != "" {
			t.Fatalf("(-first +last):\n%s", diff)
		}
	})
}
