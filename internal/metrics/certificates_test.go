package metrics

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// putCertificate replaces a file by a certificate that ends then, as whoever renews
// certificates does.
func putCertificate(t *testing.T, file string, end time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: end.AddDate(-1, 0, 0), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".new", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

func TestCertificates_TheEndFollowsTheFile(t *testing.T) {
	file := TLSFile{filepath.Join(t.TempDir(), "cert.pem"), Certificate}
	var c certificates
	look := func() certificate { return c.ends([]TLSFile{file})[file] }
	if look().err == nil {
		t.Error("a file that isn't there can be read")
	}
	for _, end := range []time.Time{noon(), noon().AddDate(1, 0, 0)} {
		putCertificate(t, file.File, end)
		for range 2 {
			if got := look(); got.err != nil || !got.end.Equal(end) {
				t.Errorf("%v, %v, want %v", got.end, got.err, end)
			}
		}
	}
	if err := os.WriteFile(file.File, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if look().err == nil {
		t.Error("nonsense can be read")
	}
	c.ends(nil)
	if len(c.known) > 0 {
		t.Errorf("%d files that aren't in use any more are remembered", len(c.known))
	}
}

func TestCertificates_AFileThatDidNotChangeIsReadOnce(t *testing.T) {
	file := TLSFile{filepath.Join(t.TempDir(), "cert.pem"), Certificate}
	putCertificate(t, file.File, noon())
	info, err := os.Stat(file.File)
	if err != nil {
		t.Fatal(err)
	}
	other := noon().Add(time.Hour)
	c := certificates{known: map[TLSFile]certificate{file: {info: info, end: other}}}
	if got := c.ends([]TLSFile{file})[file]; !got.end.Equal(other) {
		t.Errorf("it was read again: %v", got.end)
	}
}
