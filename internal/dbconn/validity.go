package dbconn

import (
	"crypto/x509"
	"slices"
	"time"
)

// Period is when all certificates of a file are valid.
type Period struct{ From, Until time.Time }

// ReadPeriod reads when the certificates in a PEM file are valid: from the latest
// beginning to the earliest end. What says what the file is, for the error, which names
// the file.
func ReadPeriod(what, file string) (Period, error) {
	certificates, err := readCertificates(what, file)
	if err != nil {
		return Period{}, err
	}
	latest := slices.MaxFunc(certificates, func(a, b *x509.Certificate) int { return a.NotBefore.Compare(b.NotBefore) })
	earliest := slices.MinFunc(certificates, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
	return Period{From: latest.NotBefore, Until: earliest.NotAfter}, nil
}

// Validity reads when our certificate and the CA certificates are valid. It reads the
// private key too, and fails if that doesn't fit the certificate. An error names the file.
func (f TLSFiles) Validity() (own, ca Period, err error) {
	if _, err := f.loadOwn(); err != nil {
		return own, ca, err
	}
	if own, err = ReadPeriod("certificate", f.Certificate); err != nil {
		return Period{}, Period{}, err
	}
	ca, err = ReadPeriod("CA certificate", f.CACert)
	return own, ca, err
}
