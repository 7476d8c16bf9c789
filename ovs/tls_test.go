package ovs

import (
	"strings"
	"testing"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/servers"
)

func TestTLS_TheLocalDatabaseIsFollowedOverIt(t *testing.T) {
	pki := servers.NewPKI(t)
	d := servers.NewOVSDB(t, "conf", servers.SchemaOpenVSwitch, pki.Serve()...)
	d.Ctl(t, "init", "--", "add-br", "br-int")
	files := dbconn.TLSFiles{PrivateKey: pki.Client.PrivateKey, Certificate: pki.Client.Certificate, CACert: pki.Client.CACert}
	s := startWith(t, Options{Endpoint: "ssl:127.0.0.1:" + d.Port(t), TLS: files, Log: logTo(t)})
	servers.Until(t, "the bridge is seen", func() bool { return s.View().BridgeUUID != "" })
	if errs := s.Apply(t.Context(), []Change{plugging(plugOf("pf0vf0", "a"))}); errs[0] != nil {
		t.Errorf("plugging over TLS: %v", errs[0])
	}

	files.CACert = pki.Server.CACert
	other := New(Options{Endpoint: s.options.Endpoint, TLS: files, Log: logTo(t)})
	runSwitch(t, other)
	servers.Until(t, "the CA certificate is named", func() bool {
		v := other.View()
		return !v.Complete && strings.Contains(v.Problem, files.CACert)
	})
}
