package netdev

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestLink_IsTheOneThatTheListHas(t *testing.T) {
	a := veth(t, "va", "vb")
	for _, name := range []string{"an-alternative-name-longer-than-others", "two words"} {
		if err := netlink.LinkAddAltName(a, name); err != nil {
			t.Fatalf("add alternative name %q: %v", name, err)
		}
	}
	c := client(t)
	for _, ifindex := range []int{1, a.Attrs().Index} {
		want, _ := find(t, c, ifindex)
		got, err := c.Link(t.Context(), uint32(ifindex))
		if diff := gocmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("ifindex %d: %v (-list +link):\n%s", ifindex, err, diff)
		}
	}
	got, _ := c.Link(t.Context(), uint32(a.Attrs().Index))
	slices.Sort(got.AltNames)
	names := []string{"an-alternative-name-longer-than-others", "two words"}
	if !slices.Equal(got.AltNames, names) || got.Kind != "veth" || got.Parent != "" || got.Port != nil {
		t.Errorf("va is %+v; want a veth with two more names, no parent and no port", got)
	}
	if err := netlink.LinkSetName(a, "vc"); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Link(t.Context(), uint32(a.Attrs().Index)); err != nil || got.Name != "vc" {
		t.Errorf("renamed, it is %+v, %v; want vc", got, err)
	}
}

func TestLink_OfADeviceThatIsNotThereSaysSo(t *testing.T) {
	c := client(t)
	if _, err := c.Link(t.Context(), 4_000_000); !errors.Is(err, unix.ENODEV) {
		t.Errorf("got %v; want ENODEV", err)
	}
	for _, ifindex := range []uint32{0, 1 << 31, 1<<32 - 1} {
		if l, err := c.Link(t.Context(), ifindex); err == nil || l.Name != "" {
			t.Errorf("ifindex %d: %+v and no error", ifindex, l)
		}
	}
	if l, err := c.Link(t.Context(), 1); err != nil || l.Name != "lo" {
		t.Errorf("afterwards ifindex 1 is %+v, %v; want lo", l, err)
	}
}

func TestLink_OfAnAnswerForAnotherDeviceIsAnError(t *testing.T) {
	for name, answer := range map[string][][]byte{
		"another device": {message(8, "other")}, "nothing": {}, "two": {message(7, "x"), message(7, "y")}, "what can't be decoded": {{1}},
	} {
		k := &kernel{dumps: []func(*fakeConn) ([][]byte, error){func(*fakeConn) ([][]byte, error) { return answer, nil }}}
		c := newClient(k.dial)
		if l, err := c.Link(t.Context(), 7); err == nil || l.Name != "" {
			t.Errorf("%s: %+v, %v; want an error and no link", name, l, err)
		}
		c.Close()
	}
}

func TestLink_EndsWithItsContextWhenTheKernelDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kernel{dumps: []func(*fakeConn) ([][]byte, error){
			func(c *fakeConn) ([][]byte, error) { <-c.closed; return nil, os.ErrClosed },
		}}
		c := newClient(k.dial)
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		begin := time.Now()
		if _, err := c.Link(ctx, 7); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > time.Second {
			t.Errorf("got %v after %v; want deadline exceeded after 200ms", err, time.Since(begin))
		}
	})
}

func BenchmarkLink(b *testing.B) {
	a := veth(b, "va", "vb")
	c := client(b)
	for b.Loop() {
		if _, err := c.Link(b.Context(), uint32(a.Attrs().Index)); err != nil {
			b.Fatal(err)
		}
	}
}
