package metrics

import (
	"os"
	"sync"
	"time"

	"github.com/representord/representord/internal/dbconn"
)

// TLSFile is a PEM file with certificates, and what it is for: Certificate or CACert.
type TLSFile struct {
	File string
	Use  string
}

// The uses of certificate files, by the names of our settings for them.
const (
	Certificate = "certificate"
	CACert      = "ca-cert"
)

// certificates reads when certificates end. A file that hasn't changed isn't read
// again: a CA file may hold all the world's authorities.
type certificates struct {
	mu    sync.Mutex
	known map[TLSFile]certificate
}

type certificate struct {
	info os.FileInfo // of the file when it was read
	end  time.Time
	err  error
}

// ends gives the ends of the certificates in these files, and forgets all others.
func (c *certificates) ends(files []TLSFile) map[TLSFile]certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := make(map[TLSFile]certificate, len(files))
	for _, f := range files {
		next[f] = read(f, c.known[f])
	}
	c.known = next
	return next
}

func read(f TLSFile, old certificate) certificate {
	info, err := os.Stat(f.File)
	if err == nil && old.err == nil && old.info != nil && os.SameFile(info, old.info) &&
		info.ModTime().Equal(old.info.ModTime()) && info.Size() == old.info.Size() {
		return old
	}
	valid, err := dbconn.ReadPeriod(f.Use, f.File)
	return certificate{info: info, end: valid.Until, err: err}
}

func (c *collector) tls(out *samples, files []TLSFile) {
	for f, cert := range c.certificates.ends(files) {
		put(out, "representord_tls_file_readable", truth(cert.err == nil), f.File, f.Use)
		if cert.err == nil {
			put(out, "representord_tls_certificate_expiry_timestamp_seconds", seconds(cert.end), f.File, f.Use)
		}
	}
}
