package main

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/card"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/servers"
)

// numbered is a card that has told a serial number.
func numbered(number string) *fakeCard {
	c := cardWith(1)
	c.Serials = map[devlink.Handle]representor.Serial{
		c.Ports[0].Handle: {Number: number, From: representor.SerialFromDevlink},
	}
	return newFakeCard(c)
}

// externalID reads a key of the root row, empty when it isn't there.
func (h *host) externalID(t *testing.T, key string) string {
	t.Helper()
	return strings.Trim(h.Ctl(t, "--if-exists", "get", "open", ".", "external_ids:"+key), `"`)
}

func (h *host) awaitExternalID(t *testing.T, key, want string) {
	t.Helper()
	servers.Until(t, key+" is "+want, func() bool { return h.externalID(t, key) == want })
}

// awaitSerials waits until a daemon says of the serial numbers what is wanted.
func awaitSerials(t *testing.T, c *api.Client, what string, is func(api.Serials) bool) api.Serials {
	t.Helper()
	var s api.Serials
	servers.Until(t, what, func() bool {
		var err error
		s, err = c.Serials(t.Context())
		return err == nil && is(s)
	})
	return s
}

func TestSerial_ARealControllerCopiesThePublishedNumberToItsChassisRow(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	sb := servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound)
	sbctl := func(args ...string) string {
		return sb.Tool(t, append([]string{"ovn-sbctl", "--db=" + sb.Endpoint, "--no-leader-only", "--timeout=60"}, args...)...)
	}
	sbctl("init")
	h.Ctl(t, "set", "open", ".", `external_ids:ovn-cms-options="enable-chassis-as-gw,availability-zones=az1"`)
	servers.Controller(t, h.OVSDB, sb.Endpoint)
	inChassis := func(want string) func() bool {
		return func() bool {
			return strings.Trim(sbctl("--if-exists", "get", "Chassis", "dpu1", "other_config:ovn-cms-options"), `"`) == want
		}
	}
	servers.Until(t, "ovn-controller has a Chassis row", inChassis("enable-chassis-as-gw,availability-zones=az1"))

	c := startService(t, numbered("MT2314XZ00YA"), h.flags()...)
	servers.Until(t, "the serial number is in the Chassis row",
		inChassis("enable-chassis-as-gw,availability-zones=az1,card-serial-number=MT2314XZ00YA"))
	s := awaitSerials(t, c, "the daemon says so", func(s api.Serials) bool {
		return len(s.Cards) == 1 && s.Cards[0].InSouthbound != nil && *s.Cards[0].InSouthbound
	})
	if k := s.Cards[0]; s.Key != "ovn-cms-options" || !k.Published || !k.Ours || k.From != "devlink" || k.Reason != nil {
		t.Errorf("%+v", s)
	}
	if got := h.externalID(t, "representord-card-serial"); got != "MT2314XZ00YA" {
		t.Errorf("remembered: %q", got)
	}

	// A deployment tool writes the whole key.
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-cms-options=enable-chassis-as-gw")
	servers.Until(t, "the serial number is put back", inChassis("enable-chassis-as-gw,card-serial-number=MT2314XZ00YA"))
	// And a key for this chassis alone comes before it.
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-cms-options-dpu1=other")
	servers.Until(t, "the serial number moved", inChassis("other,card-serial-number=MT2314XZ00YA"))
	h.awaitExternalID(t, "ovn-cms-options", "enable-chassis-as-gw")
}

func TestSerial_NumberIsPublishedWithoutAnySouthbound(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote=unix:"+filepath.Join(h.dir, "nobody"))
	c := startService(t, numbered("MT2314XZ00YA"), h.flags()...)
	h.awaitExternalID(t, "ovn-cms-options", "card-serial-number=MT2314XZ00YA")
	s := awaitSerials(t, c, "the daemon says so", func(s api.Serials) bool { return len(s.Cards) == 1 && s.Cards[0].Published })
	if s.Southbound != nil || s.Cards[0].InSouthbound != nil {
		t.Errorf("of the Southbound: %+v", s)
	}
}

func TestSerial_NumberThatIsRefusedIsNotWrittenAndShownInTheStatus(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	c := startService(t, numbered("To be filled by O.E.M."), h.flags()...)
	await(t, c, "the status says so", func(s api.Status) bool {
		return strings.Contains(strings.Join(s.Problems, "\n"), `the serial number "To be filled by O.E.M." of pci/0000:03:00.0`)
	})
	if got := h.externalID(t, "ovn-cms-options") + h.externalID(t, "representord-card-serial"); got != "" {
		t.Errorf("written: %q", got)
	}
}

func TestSerial_ADaemonThatStandsByPublishesNothingUntilItTakesOver(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	first := process(t, nil, h.flags("--register-card-serial=false")...)
	await(t, api.NewClient(h.socket()), "the first is active", func(s api.Status) bool { return s.Role == api.Active })
	socket := filepath.Join(h.dir, "second.sock")
	startService(t, numbered("MT2314XZ00YA"), h.flags("--control-socket="+socket)...)
	second := api.NewClient(socket)
	await(t, second, "the second stands by", func(s api.Status) bool { return s.Role == api.Standby })
	if got := h.externalID(t, "ovn-cms-options"); got != "" {
		t.Errorf("written while standing by: %q", got)
	}
	first.Kill()
	h.awaitExternalID(t, "ovn-cms-options", "card-serial-number=MT2314XZ00YA")
}

func TestSerial_ADryRunForEverPublishesNothingAndSaysSo(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	c := startService(t, numbered("MT2314XZ00YA"), h.flags("--dry-run")...)
	s := awaitSerials(t, c, "the card is known", func(s api.Serials) bool { return len(s.Cards) == 1 && s.Cards[0].Reason != nil })
	if s.Cards[0].Published || !strings.Contains(s.Cards[0].Reason.Message, "dry run") {
		t.Errorf("%+v", s.Cards[0])
	}
	await(t, c, "it went round", func(s api.Status) bool { return s.Passes > 0 })
	if got := h.externalID(t, "ovn-cms-options"); got != "" {
		t.Errorf("written in a dry run: %q", got)
	}
}

// lateCard is a card that tells its serial number a while after its ports, as real ones
// do, or never.
type lateCard struct {
	*fakeCard
	number string
	told   atomic.Pointer[representor.Index]
	notify func()
}

func newLateCard(number string) *lateCard {
	c := cardWith(1)
	c.Serials = nil
	return &lateCard{fakeCard: newFakeCard(c), number: number}
}

func (l *lateCard) open(o card.Options) (agent.Devices, error) {
	l.notify = o.Notify
	return l, nil
}

func (l *lateCard) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(time.Second):
	}
	if l.number != "" {
		l.told.Store(numbered(l.number).Index())
		l.notify()
	}
	<-ctx.Done()
	return nil
}

func (l *lateCard) Index() *representor.Index {
	if x := l.told.Load(); x != nil {
		return x
	}
	return l.fakeCard.Index()
}

func TestSerial_OnceWaitsForACardThatTellsItsNumberLate(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	newCloud(t, h)
	o := inProcessOn(t.Context(), newLateCard("MT2314XZ00YA").open, h.flags("--once")...)
	if o.status != exitOK || !strings.Contains(o.stdout, "card serial number MT2314XZ00YA published in external_ids:ovn-cms-options\n") ||
		strings.Contains(o.stdout, "not published") {
		t.Errorf("%+v", o)
	}
	h.awaitExternalID(t, "ovn-cms-options", "card-serial-number=MT2314XZ00YA")
}

func TestSerial_OnceSaysWhichCardIsNotPublishedAndGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open agent.OpenCard
		says string
	}{
		"it never tells a number": {newLateCard("").open,
			"card pci/0000:03:00.0 is not published\n    registration-pending: pci/0000:03:00.0 has not told its serial number yet\n"},
		"its number is refused": {numbered("N/A").open, "card pci/0000:03:00.0 is not published\n    serial-placeholder: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			newCloud(t, h)
			o := inProcessOn(t.Context(), c.open, h.flags("--once")...)
			if o.status != exitOK || !strings.Contains(o.stdout, c.says) || !strings.Contains(o.stdout, "nothing to change\n") {
				t.Errorf("%+v, want it to say %q", o, c.says)
			}
			if o := inProcessOn(t.Context(), c.open, h.flags("--once", "--register-card-serial=false")...); o.status != exitOK ||
				strings.Contains(o.stdout, "published") {
				t.Errorf("not asked for: %+v", o)
			}
		})
	}
}

func TestSerial_OncePublishesAndCleanupWithdrawsOnlyWhatWasOurs(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	newCloud(t, h)
	h.Ctl(t, "set", "open", ".", `external_ids:ovn-cms-options="a,card-serial-number=THEIRS,b"`)
	run := func(says string, flags ...string) {
		t.Helper()
		if o := inProcess(t.Context(), numbered("MT2314XZ00YA"), h.flags(flags...)...); o.status != exitOK || !strings.Contains(o.stdout, says) {
			t.Errorf("%v: %+v, want it to say %q", flags, o, says)
		}
	}
	run("card serial number MT2314XZ00YA would be published in external_ids:ovn-cms-options\n", "--once", "--dry-run")
	h.awaitExternalID(t, "ovn-cms-options", "a,card-serial-number=THEIRS,b")
	run("card serial number MT2314XZ00YA published in external_ids:ovn-cms-options\n", "--once")
	h.awaitExternalID(t, "ovn-cms-options", "a,card-serial-number=THEIRS,b,card-serial-number=MT2314XZ00YA")
	run("nothing to change", "--once")
	run("card serial number MT2314XZ00YA would be withdrawn\n", "--cleanup", "--dry-run")
	run("card serial number MT2314XZ00YA withdrawn\n", "--cleanup")
	h.awaitExternalID(t, "ovn-cms-options", "a,card-serial-number=THEIRS,b")
	if got := h.externalID(t, "representord-card-serial"); got != "" {
		t.Errorf("still remembered: %q", got)
	}
}
