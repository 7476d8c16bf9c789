package dbconn

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// maxPEM bounds a PEM file; a CA bundle of a whole distribution has 250 kB.
const maxPEM = 1 << 20

// TLSFiles are the files that an "ssl:" endpoint needs, PEM each, as the SSL row
// of the local database or ovn-controller's --private-key, --certificate and
// --ca-cert name them. It is comparable.
type TLSFiles struct {
	PrivateKey  string
	Certificate string
	CACert      string
	// VerifyHost has the server's certificate also compared with the host name of
	// the endpoint. OVS' own certificates fail that: ovs-pki writes
	// "<name> id:<uuid>" as their DNS name.
	VerifyHost bool
}

// Load reads the files and gives a configuration for Dial. Files are replaced
// while a daemon runs, so it is to be called for every connection anew. The server
// must have a certificate that one of the CA certificates vouches for; the
// system's own certificates count for nothing. An error names the file.
func (f TLSFiles) Load() (*tls.Config, error) {
	own, err := f.loadOwn()
	if err != nil {
		return nil, err
	}
	authorities, err := readCertificates("CA certificate", f.CACert)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, a := range authorities {
		pool.AddCert(a)
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    pool,
		// Given as Certificates it would be left out when the server's list of
		// authorities lacks ours, and the server's log would blame the wrong thing.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil },
	}
	if !f.VerifyHost {
		config.InsecureSkipVerify = true // replaced by verifyChain, which is the same but for the host name
		config.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s.PeerCertificates, pool) }
	}
	return config, nil
}

// Explain adds to an error of Dial which file to look at, when it is about
// certificates.
func (f TLSFiles) Explain(err error) error {
	var unverified *tls.CertificateVerificationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unverified):
		return fmt.Errorf("%w (checked against the CA certificate %s)", err, f.CACert)
	// The server's word about our certificate.
	case strings.Contains(err.Error(), "remote error: tls:"):
		return fmt.Errorf("%w (the server refused the certificate %s, %s)", err, f.Certificate, f.validity())
	// With TLS 1.3 our handshake ends before the server has looked at our
	// certificate, and its alert may be lost in the reset that follows.
	case errors.Is(err, ErrPeerClosed):
		return fmt.Errorf("%w (perhaps the server refused the certificate %s, %s)", err, f.Certificate, f.validity())
	}
	return err
}

func (f TLSFiles) validity() string {
	p, err := ReadPeriod("certificate", f.Certificate)
	if err != nil {
		return "whose end can't be read"
	}
	return "valid until " + p.Until.UTC().Format(time.RFC3339)
}

func (f TLSFiles) loadOwn() (tls.Certificate, error) {
	key, err := readPEM("private key", f.PrivateKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	certificate, err := readPEM("certificate", f.Certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	own, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("TLS certificate %s with private key %s: %w", f.Certificate, f.PrivateKey, err)
	}
	return own, nil
}

// verifyChain is crypto/tls' own verification of a server without its host name.
func verifyChain(presented []*x509.Certificate, roots *x509.CertPool) error {
	if len(presented) == 0 {
		return errors.New("the server presented no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range presented[1:] {
		between.AddCert(c)
	}
	if _, err := presented[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: presented, Err: err}
	}
	return nil
}

// readCertificates reads all certificates of a PEM file; ovs-pki's have text
// before them.
func readCertificates(what, name string) ([]*x509.Certificate, error) {
	b, err := readPEM(what, name)
	if err != nil {
		return nil, err
	}
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("TLS %s %s: %w", what, name, err)
		}
		certificates = append(certificates, c)
	}
	if len(certificates) == 0 {
		return nil, fmt.Errorf("TLS %s %s: the file holds no certificate in PEM", what, name)
	}
	return certificates, nil
}

func readPEM(what, name string) ([]byte, error) {
	if name == "" {
		return nil, fmt.Errorf("TLS %s: no file is configured", what)
	}
	st, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("TLS %s: %w", what, err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("TLS %s %s: not a regular file", what, name)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("TLS %s: %w", what, err)
	}
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, maxPEM+1))
	if err != nil {
		return nil, fmt.Errorf("TLS %s %s: %w", what, name, err)
	}
	if len(b) > maxPEM {
		return nil, fmt.Errorf("TLS %s %s: more than %d bytes", what, name, maxPEM)
	}
	return b, nil
}
