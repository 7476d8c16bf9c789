package metrics

import (
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/card"
	"github.com/representord/representord/ovs"
)

// Snapshot is what one scrape is made of.
type Snapshot struct {
	api.Facts
	Card   card.Counters
	Switch ovs.Counters
	// Audit is the longest time between two passes.
	Audit time.Duration
	// TLS are the certificate files that are in use.
	TLS []TLSFile
}

// TLSFile is a PEM file with certificates.
type TLSFile struct {
	File string
	Use  Use
}

// Use is what a certificate file is for, by the name of our setting for such a file.
type Use string

// The uses.
const (
	Certificate Use = "certificate"
	CACert      Use = "ca-cert"
)
