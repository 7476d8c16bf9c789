package dbconn_test

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/servers"
)

// filesOf are the files of one side.
func filesOf(i servers.Identity) dbconn.TLSFiles {
	return dbconn.TLSFiles{PrivateKey: i.PrivateKey, Certificate: i.Certificate, CACert: i.CACert}
}

// serveTLS starts an ovsdb-server that listens with TLS.
func serveTLS(t *testing.T, p servers.PKI) string {
	t.Helper()
	d := servers.NewOVSDB(t, "conf", servers.SchemaOpenVSwitch, p.Serve()...)
	return "ssl:127.0.0.1:" + d.Port(t)
}

func dialTLS(t *testing.T, endpoint string, files dbconn.TLSFiles) error {
	t.Helper()
	config, err := files.Load()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := dbconn.Dial(ctx, bridgeModel(t), dbconn.Options{Endpoint: endpoint, TLS: config})
	if err != nil {
		return files.Explain(err)
	}
	defer c.Close()
	_, err = c.Transact(ctx, selectBridges())
	return err
}

func TestTLS_WithCertificatesOfOVSPKI(t *testing.T) {
	p := servers.NewPKI(t)
	endpoint := serveTLS(t, p)

	t.Run("the chain alone is verified", func(t *testing.T) {
		if err := dialTLS(t, endpoint, filesOf(p.Client)); err != nil {
			t.Errorf("%v", err)
		}
	})
	t.Run("the host name is verified on request", func(t *testing.T) {
		files := filesOf(p.Client)
		files.VerifyHost = true
		err := dialTLS(t, endpoint, files)
		var unverified *tls.CertificateVerificationError
		if !errors.As(err, &unverified) {
			t.Errorf("%v, want a CertificateVerificationError", err)
		}
	})
	t.Run("a server of another authority is refused and the CA file named", func(t *testing.T) {
		files := filesOf(p.Client)
		files.CACert = p.Server.CACert
		err := dialTLS(t, endpoint, files)
		if err == nil || !strings.Contains(err.Error(), files.CACert) {
			t.Errorf("%v, want an error naming %s", err, files.CACert)
		}
	})
	t.Run("our certificate refused by the server is named with its end", func(t *testing.T) {
		files := filesOf(p.Server) // signed by the authority that the server doesn't trust
		files.CACert = p.Client.CACert
		err := dialTLS(t, endpoint, files)
		if err == nil || !strings.Contains(err.Error(), files.Certificate) || !strings.Contains(err.Error(), "valid until") {
			t.Errorf("%v, want an error naming %s", err, files.Certificate)
		}
	})
	t.Run("the end of the certificates can be read", func(t *testing.T) {
		certificate, ca, err := filesOf(p.Client).Validity()
		if err != nil || time.Until(certificate.Until) < 24*time.Hour || time.Until(ca.Until) < 24*time.Hour {
			t.Errorf("Validity() = %v, %v, %v", certificate, ca, err)
		}
	})
	t.Run("without files there is no connection", func(t *testing.T) {
		_, err := dbconn.Dial(t.Context(), bridgeModel(t), dbconn.Options{Endpoint: endpoint})
		if err == nil || !strings.Contains(err.Error(), "private key") {
			t.Errorf("%v, want an error saying what is needed", err)
		}
	})
}

func TestTLS_ReplacedFilesCountFromTheNextConnectionOn(t *testing.T) {
	p := servers.NewPKI(t)
	endpoint := serveTLS(t, p)
	files := filesOf(p.Client)
	files.Certificate = filepath.Join(p.Dir, "rotated-cert.pem")
	files.PrivateKey = filepath.Join(p.Dir, "rotated-key.pem")
	copyFile(t, p.Server.Certificate, files.Certificate)
	copyFile(t, p.Server.PrivateKey, files.PrivateKey)
	if err := dialTLS(t, endpoint, files); err == nil {
		t.Fatal("connected with the wrong certificate")
	}
	copyFile(t, p.Client.Certificate, files.Certificate)
	if err := dialTLS(t, endpoint, files); err == nil || !strings.Contains(err.Error(), files.PrivateKey) {
		t.Errorf("half of the files replaced: %v, want an error naming %s", err, files.PrivateKey)
	}
	copyFile(t, p.Client.PrivateKey, files.PrivateKey)
	if err := dialTLS(t, endpoint, files); err != nil {
		t.Errorf("after the files were replaced: %v", err)
	}
}

func TestTLS_AFileThatCannotBeUsedIsNamed(t *testing.T) {
	p := servers.NewPKI(t)
	garbage := filepath.Join(p.Dir, "garbage.pem")
	if err := os.WriteFile(garbage, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(p.Dir, "large.pem")
	if err := os.WriteFile(large, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(p.Dir, "missing.pem")
	for _, bad := range []string{garbage, large, missing, p.Dir, ""} {
		for what, break1 := range map[string]func(*dbconn.TLSFiles){
			"private key":    func(f *dbconn.TLSFiles) { f.PrivateKey = bad },
			"certificate":    func(f *dbconn.TLSFiles) { f.Certificate = bad },
			"CA certificate": func(f *dbconn.TLSFiles) { f.CACert = bad },
		} {
			files := filesOf(p.Client)
			break1(&files)
			_, err := files.Load()
			if err == nil || !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), what) {
				t.Errorf("%s %q: %v, want an error that names both", what, bad, err)
			}
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
