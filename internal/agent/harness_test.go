package agent

import (
	"context"
	"log/slog"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/card"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/leaks"
	"github.com/representord/representord/test/servers"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// noCard is a card that was read and has nothing.
type noCard struct{}

func (noCard) Run(ctx context.Context) error        { <-ctx.Done(); return nil }
func (noCard) Counters() card.Counters              { return card.Counters{} }
func (noCard) LinkUp(context.Context, uint32) error { return nil }
func (noCard) Usurped(context.Context, representor.Representor) (bool, error) {
	return false, nil
}
func (noCard) Confirm(context.Context, representor.Representor) (bool, error) {
	return false, nil
}
func (noCard) Index() *representor.Index {
	return representor.NewIndex(representor.Card{Complete: true}, representor.Settings{})
}

// newHost is a local database that names a chassis and a bridge, and an agent of it
// that nothing was told to.
func newHost(t *testing.T) (*servers.OVSDB, *Agent) {
	t.Helper()
	h, dir := servers.OpenVSwitch(t), servers.Dir(t)
	h.Ctl(t, "add-br", "br-int", "--", "set", "open", ".", "external_ids:system-id=dpu1")
	a, err := New(Options{
		Config: config.Config{OVSDB: h.Endpoint, RunDir: dir, OVNSysconf: dir, UdevRoot: dir, SysfsRoot: "/sys"},
		Log:    slog.New(slog.DiscardHandler),
		Open:   func(card.Options) (Devices, error) { return noCard{}, nil },
		DryRun: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, a
}

// newCloud is a Southbound with a Chassis row.
func newCloud(t *testing.T) *servers.OVSDB {
	t.Helper()
	c := servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound)
	for _, args := range [][]string{{"init"}, {"chassis-add", "dpu1", "geneve", "127.0.0.1"}} {
		c.Tool(t, append([]string{"ovn-sbctl", "--db=" + c.Endpoint, "--no-leader-only", "--timeout=60"}, args...)...)
	}
	return c
}

// watch has an agent follow its databases until the test ends.
func watch(t *testing.T, a *Agent) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	group, ctx := errgroup.WithContext(ctx)
	a.Watch(ctx, group)
	t.Cleanup(func() {
		cancel()
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	})
}
