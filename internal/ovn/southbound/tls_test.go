package southbound

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/test/servers"
)

func TestTLS_TheSouthboundIsFollowedOverItWithFilesThatMayBeReplaced(t *testing.T) {
	pki := servers.NewPKI(t)
	d, w := southbound(t, pki.Serve()...)
	w.add("one", w.us(), nil)
	c := dpu1("ssl:127.0.0.1:" + d.Port(t))
	c.TLS = ovn.TLSFiles{PrivateKey: filepath.Join(pki.Dir, "key"), Certificate: filepath.Join(pki.Dir, "cert"), CACert: pki.Client.CACert}
	f := follow(t, c)
	f.until("the missing file is named", func(v View) bool { return strings.Contains(v.Problem, c.TLS.PrivateKey) })
	if f.View().Connected {
		t.Error("connected without a key")
	}
	for from, to := range map[string]string{pki.Client.PrivateKey: c.TLS.PrivateKey, pki.Client.Certificate: c.TLS.Certificate} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.untilDispositions(map[string]Disposition{"one": Asked})
	f.verify("one")

	c.TLS.CACert = pki.Server.CACert
	f.Configure(c)
	f.until("the CA certificate is named", func(v View) bool {
		return !v.Connected && strings.Contains(v.Problem, "unknown authority") && strings.Contains(v.Problem, c.TLS.CACert)
	})
}
