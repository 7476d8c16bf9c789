package servers

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Identity is what one side of a TLS connection needs, file names in PEM.
type Identity struct {
	PrivateKey  string
	Certificate string
	// CACert is the authority that the other side's certificate is from.
	CACert string
}

// PKI is what ovs-pki makes: two authorities that vouch for one side each.
type PKI struct {
	Dir    string
	Server Identity
	Client Identity
}

// NewPKI makes keys and certificates with ovs-pki, which takes about a second.
func NewPKI(tb testing.TB) PKI {
	tb.Helper()
	dir := Dir(tb)
	for _, args := range [][]string{{"init"}, {"req+sign", "sb", "controller"}, {"req+sign", "dpu", "switch"}} {
		argv := append([]string{"ovs-pki", "--dir=" + filepath.Join(dir, "pki"), "--log=" + filepath.Join(dir, "log")}, args...)
		if _, err := run(dir, argv...); err != nil {
			tb.Fatal(err)
		}
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	return PKI{
		Dir:    dir,
		Server: Identity{file("sb-privkey.pem"), file("sb-cert.pem"), file("pki/switchca/cacert.pem")},
		Client: Identity{file("dpu-privkey.pem"), file("dpu-cert.pem"), file("pki/controllerca/cacert.pem")},
	}
}

// Serve are the options of an ovsdb-server that listens with TLS on a port of the
// loopback; OVSDB.Port tells which.
func (p PKI) Serve() []string {
	return []string{
		"--remote=pssl:0:127.0.0.1", "--private-key=" + p.Server.PrivateKey,
		"--certificate=" + p.Server.Certificate, "--ca-cert=" + p.Server.CACert,
	}
}

// Expired is the client with a certificate that is the authority's, and ended
// yesterday.
func (p PKI) Expired(tb testing.TB) Identity {
	tb.Helper()
	ca, err := tls.LoadX509KeyPair(p.Server.CACert, filepath.Join(p.Dir, "pki/switchca/private/cakey.pem"))
	if err != nil {
		tb.Fatal(err)
	}
	own, err := tls.LoadX509KeyPair(p.Client.Certificate, p.Client.PrivateKey)
	if err != nil {
		tb.Fatal(err)
	}
	authority, err := x509.ParseCertificate(ca.Certificate[0])
	if err != nil {
		tb.Fatal(err)
	}
	template, err := x509.ParseCertificate(own.Certificate[0])
	if err != nil {
		tb.Fatal(err)
	}
	template.NotBefore, template.NotAfter = time.Now().AddDate(0, 0, -10), time.Now().AddDate(0, 0, -1)
	template.SignatureAlgorithm = 0
	der, err := x509.CreateCertificate(rand.Reader, template, authority, template.PublicKey, ca.PrivateKey)
	if err != nil {
		tb.Fatal(err)
	}
	expired := p.Client
	expired.Certificate = filepath.Join(p.Dir, "expired-cert.pem")
	if err := os.WriteFile(expired.Certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		tb.Fatal(err)
	}
	return expired
}
