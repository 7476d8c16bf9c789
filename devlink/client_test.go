package devlink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/genetlink/genltest"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netlinkio"
)

func TestPorts_ListsTheWholeDump(t *testing.T) {
	messages := golden(t, "ports-bluefield-6.8.hex")
	k := &kernel{answer: func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
		return played(messages, request), nil
	}}
	c := k.client()
	defer c.Close()
	ports, err := c.Ports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []uint32
	for _, p := range ports {
		got = append(got, p.Index)
	}
	if want := []uint32{262143, 327680, 327681, 1, 163840, 32768, 1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("indexes %v; want %v", got, want)
	}
}

func TestClient_RequestsAreWhatTheKernelExpects(t *testing.T) {
	devices := bodies(t, golden(t, "devices.hex"))
	wantHandle := func(t *testing.T, body []byte) {
		t.Helper()
		if got, err := decodeDevice(body); err != nil || got != pci("0000:03:00.0") {
			t.Errorf("the request names %v, %v; want pci/0000:03:00.0", got, err)
		}
	}
	wantNothing := func(t *testing.T, body []byte) {
		t.Helper()
		if len(body) > 0 {
			t.Errorf("the request carries % x; want nothing", body)
		}
	}
	for name, tt := range map[string]struct {
		command uint8
		flags   netlink.HeaderFlags
		check   func(*testing.T, []byte)
		answer  []byte
		call    func(context.Context, *Client) error
	}{
		"Ports": {
			unix.DEVLINK_CMD_PORT_GET, netlink.Request | netlink.Dump, wantNothing,
			bodies(t, golden(t, "ports-bluefield-5.4.hex"))[0],
			func(ctx context.Context, c *Client) error { _, err := c.Ports(ctx); return err },
		},
		"PortsOf": {
			unix.DEVLINK_CMD_PORT_GET, netlink.Request | netlink.Dump, wantHandle,
			bodies(t, golden(t, "ports-bluefield-5.4.hex"))[0],
			func(ctx context.Context, c *Client) error {
				_, err := c.PortsOf(ctx, pci("0000:03:00.0"))
				return err
			},
		},
		"Port": {
			unix.DEVLINK_CMD_PORT_GET, netlink.Request,
			func(t *testing.T, body []byte) {
				t.Helper()
				if p, err := decodePort(body); err != nil || p.Handle != pci("0000:03:00.0") || p.Index != 262143 {
					t.Errorf("the request names %+v, %v; want pci/0000:03:00.0/262143", p, err)
				}
			},
			bodies(t, golden(t, "ports-bluefield-5.4.hex"))[0],
			func(ctx context.Context, c *Client) error {
				p, err := c.Port(ctx, pci("0000:03:00.0"), 262143)
				if err == nil && p.NetdevName != "p0" {
					err = fmt.Errorf("got %+v; want p0", p)
				}
				return err
			},
		},
		"Devices": {
			unix.DEVLINK_CMD_GET, netlink.Request | netlink.Dump, wantNothing, devices[0],
			func(ctx context.Context, c *Client) error { _, err := c.Devices(ctx); return err },
		},
		"Info": {
			unix.DEVLINK_CMD_INFO_GET, netlink.Request, wantHandle, bodies(t, golden(t, "info.hex"))[0],
			func(ctx context.Context, c *Client) error { _, err := c.Info(ctx, pci("0000:03:00.0")); return err },
		},
		"EswitchMode": {
			unix.DEVLINK_CMD_ESWITCH_GET, netlink.Request, wantHandle, bodies(t, golden(t, "eswitch.hex"))[0],
			func(ctx context.Context, c *Client) error {
				_, err := c.EswitchMode(ctx, pci("0000:03:00.0"))
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := false
			c := newClient(func() (conn, error) {
				family := genetlink.Family{ID: familyID, Name: unix.DEVLINK_GENL_NAME, Version: unix.DEVLINK_GENL_VERSION}
				return genltest.Dial(genltest.ServeFamily(family,
					genltest.CheckRequest(familyID, tt.command, tt.flags,
						func(request genetlink.Message, _ netlink.Message) ([]genetlink.Message, error) {
							asked = true
							tt.check(t, request.Data)
							return []genetlink.Message{{Data: tt.answer}}, nil
						}))), nil
			})
			defer c.Close()
			if err := tt.call(t.Context(), c); err != nil {
				t.Error(err)
			}
			if !asked {
				t.Error("the kernel was not asked")
			}
		})
	}
}

func TestClient_ErrorsTellWhatIsMissing(t *testing.T) {
	handle := pci("0000:03:00.0")
	for name, tt := range map[string]struct {
		kernel *kernel
		call   func(context.Context, *Client) error
		want   error
	}{
		"no devlink: ports":   {&kernel{}, func(ctx context.Context, c *Client) error { _, err := c.Ports(ctx); return err }, os.ErrNotExist},
		"no devlink: devices": {&kernel{}, func(ctx context.Context, c *Client) error { _, err := c.Devices(ctx); return err }, os.ErrNotExist},
		"no devlink: info": {&kernel{},
			func(ctx context.Context, c *Client) error { _, err := c.Info(ctx, handle); return err }, os.ErrNotExist},
		"no capability": {
			&kernel{answer: errno(unix.EPERM)},
			func(ctx context.Context, c *Client) error { _, err := c.EswitchMode(ctx, handle); return err }, os.ErrPermission,
		},
		"no such port": {
			&kernel{answer: errno(unix.ENODEV)},
			func(ctx context.Context, c *Client) error { _, err := c.Port(ctx, handle, 7); return err }, unix.ENODEV,
		},
		"a port that can't be told of": {
			&kernel{answer: errno(unix.EMSGSIZE)},
			func(ctx context.Context, c *Client) error { _, err := c.Port(ctx, handle, 7); return err }, unix.EMSGSIZE,
		},
		"no such device": {
			&kernel{answer: errno(unix.ENODEV)},
			func(ctx context.Context, c *Client) error { _, err := c.Info(ctx, handle); return err }, unix.ENODEV,
		},
		"no eswitch": {
			&kernel{answer: errno(unix.EOPNOTSUPP)},
			func(ctx context.Context, c *Client) error { _, err := c.EswitchMode(ctx, handle); return err }, unix.EOPNOTSUPP,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := tt.kernel.client()
			defer c.Close()
			if err := tt.call(t.Context(), c); !errors.Is(err, tt.want) {
				t.Errorf("got %v; want %v", err, tt.want)
			}
		})
	}
}

func TestClient_TheRealKernelHasDevlinkOrSaysItHasNot(t *testing.T) {
	c := New()
	defer c.Close()
	if _, err := c.Ports(t.Context()); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Ports: %v; want them or os.ErrNotExist", err)
	}
}

func TestPorts_OneThatIsMalformedDoesNotLoseTheOthers(t *testing.T) {
	good := bodies(t, golden(t, "ports-bluefield-5.4.hex"))
	bad := append(append([]byte{}, good[1]...), attribute(t, unix.DEVLINK_ATTR_PORT_PCI_PF_NUMBER, 1)...)
	k := &kernel{answer: func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
		return reply(request, 0, good[0], bad, good[2], nil), nil
	}}
	c := k.client()
	defer c.Close()
	ports, err := c.Ports(t.Context())
	var malformed *netlinkio.MalformedError
	if !errors.As(err, &malformed) || malformed.Count != 2 || len(malformed.Causes) != 2 {
		t.Errorf("got error %v; want one that counts 2 malformed ports", err)
	}
	if len(ports) != 2 || ports[0].NetdevName != "p0" || ports[1].NetdevName != "pf0vf0" {
		t.Errorf("got %+v; want p0 and pf0vf0", ports)
	}
}

func TestClient_AnInterruptedDumpIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		messages := bodies(t, golden(t, "ports-bluefield-5.4.hex"))
		dumps := 0
		k := &kernel{answer: func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
			dumps++
			answer := reply(request, 0, messages[:dumps]...)
			if dumps < 3 {
				answer[len(answer)-1].Header.Flags |= netlink.DumpInterrupted
			}
			return answer, nil
		}}
		c := k.client()
		defer c.Close()
		ports, err := c.Ports(t.Context())
		if err != nil || len(ports) != 3 || dumps != 3 || c.Interrupted() != 2 {
			t.Errorf("got %d ports, %v, %d dumps, %d interrupted; want 3, nil, 3, 2", len(ports), err, dumps, c.Interrupted())
		}
	})
}

func TestClient_ADumpThatIsAlwaysInterruptedEndsWithATypedError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		messages := bodies(t, golden(t, "ports-bluefield-5.4.hex"))
		k := &kernel{answer: func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
			return reply(request, netlink.DumpInterrupted, messages...), nil
		}}
		c := k.client()
		defer c.Close()
		ports, err := c.Ports(t.Context())
		if !errors.Is(err, netlinkio.ErrDumpInterrupted) || ports != nil || c.Interrupted() != netlinkio.DumpAttempts {
			t.Errorf("got %d ports, %v, %d interrupted; want none, ErrDumpInterrupted, %d", len(ports), err, c.Interrupted(), netlinkio.DumpAttempts)
		}
	})
}

func TestClient_ASocketIsKeptWhileItWorksAndDroppedAfterAnyError(t *testing.T) {
	answers := []func(uint8, netlink.Message) ([]netlink.Message, error){
		func(_ uint8, request netlink.Message) ([]netlink.Message, error) { return reply(request, 0), nil },
	}
	k := &kernel{answer: func(command uint8, request netlink.Message) ([]netlink.Message, error) {
		return answers[len(answers)-1](command, request)
	}}
	c := k.client()
	defer c.Close()
	for range 3 {
		if _, err := c.Ports(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s := k.dialled(); len(s) != 1 || k.looked() != 1 {
		t.Errorf("three calls took %d sockets and %d looks for the family; want 1 and 1", len(s), k.looked())
	}
	answers = append(answers, errno(unix.EBUSY))
	if _, err := c.Ports(t.Context()); !errors.Is(err, unix.EBUSY) {
		t.Errorf("got %v; want EBUSY", err)
	}
	answers = answers[:1]
	if _, err := c.Ports(t.Context()); err != nil {
		t.Error(err)
	}
	if s := k.dialled(); len(s) != 2 || !s[0].isClosed() || s[1].isClosed() || k.looked() != 2 {
		t.Errorf("%d sockets, %d looks for the family; want 2, the first closed, and 2", len(s), k.looked())
	}
}

func TestClient_TheAnswerToAnotherRequestIsNotTaken(t *testing.T) {
	messages := bodies(t, golden(t, "ports-bluefield-5.4.hex"))
	k := &kernel{answer: func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
		request.Header.Sequence++
		return reply(request, 0, messages...), nil
	}}
	c := k.client()
	defer c.Close()
	if ports, err := c.Ports(t.Context()); err == nil {
		t.Errorf("got %d ports; want an error", len(ports))
	}
}

func TestClient_ACallEndsWithItsContextWhenTheKernelDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kernel{answer: errno(unix.EBUSY), hang: make(chan struct{})}
		c := k.client()
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		_, err := c.Ports(ctx)
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Second {
			t.Errorf("got %v after %v; want deadline exceeded after 3s", err, took)
		}
		if s := k.dialled(); len(s) != 1 || !s[0].isClosed() {
			t.Errorf("%d sockets; want the one that may hold half an answer closed", len(s))
		}
	})
}

func TestClient_AHungKernelCostsOneRequestAndIsAskedAgainWhenItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		messages := golden(t, "ports-bluefield-5.4.hex")
		k := &kernel{
			hang:            make(chan struct{}),
			uninterruptible: true,
			answer: func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
				return played(messages, request), nil
			},
		}
		c := k.client()
		defer c.Close()
		ask := func() ([]Port, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return c.Ports(ctx)
		}
		if _, err := ask(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v; want deadline exceeded", err)
		}
		for range 3 {
			if _, err := ask(); !errors.Is(err, netlinkio.ErrStuck) {
				t.Errorf("got %v; want ErrStuck", err)
			}
		}
		if s := k.dialled(); len(s) != 1 {
			t.Errorf("%d sockets were opened to the hung kernel; want 1", len(s))
		}
		close(k.hang)
		synctest.Wait()
		ports, err := ask()
		if err != nil || len(ports) != 6 {
			t.Errorf("once the kernel is back: %d ports, %v; want 6", len(ports), err)
		}
		if s := k.dialled(); len(s) != 2 || !s[0].isClosed() {
			t.Errorf("%d sockets; want a fresh one and the first closed", len(s))
		}
	})
}

func TestClient_CloseDoesNotWaitForAHungKernelWhoseSocketIsClosedInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kernel{answer: errno(unix.EBUSY), hang: make(chan struct{}), uninterruptible: true}
		c := k.client()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Ports(ctx); err == nil {
			t.Error("Ports succeeded; want an error")
		}
		begin := time.Now()
		c.Close()
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("Close took %v; want at most %v", took, 2*time.Second)
		}
		close(k.hang)
		synctest.Wait()
		if s := k.dialled(); len(s) != 1 || !s[0].isClosed() {
			t.Errorf("%d sockets; want one, closed", len(s))
		}
	})
}

func TestClient_ThatIsClosedSaysSo(t *testing.T) {
	k := &kernel{answer: errno(unix.EBUSY)}
	c := k.client()
	c.Close()
	c.Close()
	if _, err := c.Devices(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v; want ErrClosed", err)
	}
	if s := k.dialled(); len(s) != 0 {
		t.Errorf("%d sockets were opened; want none", len(s))
	}
}

func TestInfo_WithoutASerialNumberIsNotAnError(t *testing.T) {
	k := &kernel{answer: func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
		return reply(request, 0, bodies(t, golden(t, "devices.hex"))[0]), nil
	}}
	c := k.client()
	defer c.Close()
	got, err := c.Info(t.Context(), pci("0000:03:00.0"))
	if diff := cmp.Diff(Info{Handle: pci("0000:03:00.0")}, got); diff != "" || err != nil {
		t.Errorf("%v, info (-want +got):\n%s", err, diff)
	}
}
