package netdev

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// udevWords answers for udev as a test wants.
type udevWords map[uint32]Word

func (u udevWords) word(ifindex uint32) Word { return u[ifindex] }

func listOf(indexes ...uint32) []Link {
	var links []Link
	for _, i := range indexes {
		links = append(links, Link{IfIndex: i, Name: "x"})
	}
	return links
}

func TestSettler_WithoutUdevADeviceSettlesAtOnce(t *testing.T) {
	s := NewSettler(udevWords{7: Absent}.word)
	again := s.Observe(time.Now(), listOf(7))
	if again || !s.Settled(7) || s.Waiting() != 0 {
		t.Errorf("again %v, settled %v, waiting %d; want false, true, 0", again, s.Settled(7), s.Waiting())
	}
}

func TestSettler_ADeviceThatUdevHasFinishedSettlesWithTheNextList(t *testing.T) {
	s := NewSettler(udevWords{7: Finished}.word)
	now := time.Now()
	if again := s.Observe(now, listOf(7)); !again || s.Settled(7) {
		t.Errorf("first list: again %v, settled %v; want true, false: the name may be older than udev's word", again, s.Settled(7))
	}
	if again := s.Observe(now, listOf(7)); again || !s.Settled(7) || s.Waiting() != 0 {
		t.Errorf("second list: again %v, settled %v; want false, true", again, s.Settled(7))
	}
}

func TestSettler_ADeviceWaitsForUdevButNotForever(t *testing.T) {
	words := udevWords{7: Working}
	s := NewSettler(words.word)
	begin := time.Now()
	s.Observe(begin, listOf(7))
	for _, d := range []time.Duration{0, time.Second, settleBound - 1} {
		if s.Poll(begin.Add(d)) || s.Settled(7) {
			t.Errorf("after %v: settled %v or due; want neither", d, s.Settled(7))
		}
		s.Observe(begin.Add(d), listOf(7))
	}
	if !s.Poll(begin.Add(settleBound)) {
		t.Errorf("after %v: not due; want it due", settleBound)
	}
	if again := s.Observe(begin.Add(settleBound), listOf(7)); again || !s.Settled(7) {
		t.Errorf("after %v: again %v, settled %v; want false, true", settleBound, again, s.Settled(7))
	}
}

func TestSettler_UdevsWordBetweenListsIsNoticedByPoll(t *testing.T) {
	for name, word := range map[string]Word{"finished": Finished, "udev stopped": Absent} {
		t.Run(name, func(t *testing.T) {
			words := udevWords{7: Working}
			s := NewSettler(words.word)
			now := time.Now()
			s.Observe(now, listOf(7))
			words[7] = word
			if !s.Poll(now) || s.Settled(7) {
				t.Errorf("settled %v or not due; want it due and not settled before it is listed again", s.Settled(7))
			}
			if again := s.Observe(now, listOf(7)); again || !s.Settled(7) {
				t.Errorf("listed again: again %v, settled %v; want false, true", again, s.Settled(7))
			}
		})
	}
}

func TestSettler_ADeviceThatCameBackIsNew(t *testing.T) {
	words := udevWords{7: Absent}
	s := NewSettler(words.word)
	now := time.Now()
	s.Observe(now, listOf(7))
	s.Observe(now, nil)
	if s.Settled(7) || s.Waiting() != 0 {
		t.Errorf("gone: settled %v, waiting %d; want false, 0", s.Settled(7), s.Waiting())
	}
	words[7] = Working
	s.Observe(now, listOf(7))
	if s.Settled(7) || s.Waiting() != 1 {
		t.Errorf("back: settled %v, waiting %d; want false, 1", s.Settled(7), s.Waiting())
	}
}

func TestSettler_ASettledDeviceStaysSo(t *testing.T) {
	words := udevWords{7: Absent}
	s := NewSettler(words.word)
	now := time.Now()
	s.Observe(now, listOf(7))
	words[7] = Working // udev was started
	s.Observe(now, listOf(7))
	if !s.Settled(7) || s.Poll(now) {
		t.Errorf("settled %v or due; want it settled and nothing due", s.Settled(7))
	}
}

// world is what is true of one device in the property below.
type world struct {
	since  time.Time // first listed
	spoken bool      // udev's word was other than Working at a list or poll
	listed int       // how many lists since then
}

func TestSettler_NoDeviceSettlesTooEarlyOrTooLate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := udevWords{}
		s := NewSettler(words.word)
		now := time.Now()
		devices := map[uint32]*world{}
		note := func() {
			for i, d := range devices {
				if words[i] != Working {
					d.spoken = true
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"time passes": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 4000).Draw(t, "ms")) * time.Millisecond)
			},
			"udev speaks": func(t *rapid.T) {
				words[rapid.Uint32Range(1, 5).Draw(t, "ifindex")] = rapid.SampledFrom([]Word{Working, Finished, Absent}).Draw(t, "word")
			},
			"poll": func(*rapid.T) {
				s.Poll(now)
				note()
			},
			"list": func(t *rapid.T) {
				present := rapid.SliceOfDistinct(rapid.Uint32Range(1, 5), rapid.ID[uint32]).Draw(t, "present")
				for i := range devices {
					if !slices.Contains(present, i) {
						delete(devices, i)
					}
				}
				for _, i := range present {
					d := devices[i]
					if d == nil {
						d = &world{since: now}
						devices[i] = d
					}
					if d.spoken {
						d.listed++
					}
				}
				s.Observe(now, listOf(present...))
				note()
			},
			"": func(t *rapid.T) {
				waiting := 0
				for i, d := range devices {
					settled := s.Settled(i)
					if !settled {
						waiting++
					}
					if settled && !d.spoken && now.Sub(d.since) < settleBound {
						t.Fatalf("device %d settled although udev said nothing and 3 s have not passed", i)
					}
					if !settled && d.listed > 0 {
						t.Fatalf("device %d has not settled although it was listed after udev spoke", i)
					}
				}
				if s.Waiting() != waiting {
					t.Fatalf("Waiting is %d; want %d", s.Waiting(), waiting)
				}
				for i := range uint32(6) {
					if _, known := devices[i]; !known && s.Settled(i) {
						t.Fatalf("device %d is settled but not there; there are %v", i, slices.Collect(maps.Keys(devices)))
					}
				}
			},
		})
	})
}
