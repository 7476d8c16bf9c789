package dbconn

import (
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

func TestValidity_OfCertificatesHasABeginningAndAnEnd(t *testing.T) {
	pki := servers.NewPKI(t)
	files := func(i servers.Identity) TLSFiles {
		return TLSFiles{PrivateKey: i.PrivateKey, Certificate: i.Certificate, CACert: i.CACert}
	}
	own, ca, err := files(pki.Client).Validity()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Period{own, ca} {
		if now := time.Now(); now.Before(p.From) || now.After(p.Until) || now.Sub(p.From) > time.Hour {
			t.Errorf("valid from %s until %s", p.From, p.Until)
		}
	}
	if own, _, err = files(pki.Expired(t)).Validity(); err != nil || !own.Until.Before(time.Now()) {
		t.Errorf("expired: until %s, %v", own.Until, err)
	}
	wrong := files(pki.Client)
	wrong.PrivateKey = pki.Server.PrivateKey
	if _, _, err := wrong.Validity(); err == nil || !strings.Contains(err.Error(), wrong.PrivateKey) {
		t.Errorf("another's private key: %v", err)
	}
}
