package dbconn

import (
	"crypto/x509"
	"time"
)

// Period is when all certificates of a file are valid.
type Period struct{ From, Until time.Time }

// Validity reads when our certificate and the CA certificates are valid: from the
// latest beginning to the earliest end of those in a file. It reads the private key
// too, and fails if that doesn't fit the certificate. An error names the file.
func (f TLSFiles) Validity() (own, ca Period, err error) {
	if _, err := f.loadOwn(); err != nil {
		return own, ca, err
	}
	for _, p := range []struct {
		what, name string
		to         *Period
	}{{"certificate", f.Certificate, &own}, {"CA certificate", f.CACert, &ca}} {
		certificates, err := readCertificates(p.what, p.name)
		if err != nil {
			return own, ca, err
		}
		*p.to = periodOf(certificates)
	}
	return own, ca, nil
}

func periodOf(certificates []*x509.Certificate) Period {
	p := Period{Until: earliest(certificates)}
	for _, c := range certificates {
		if c.NotBefore.After(p.From) {
			p.From = c.NotBefore
		}
	}
	return p
}
