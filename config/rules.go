package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/representord/representord/internal/dbconn"
)

// rule is which values a setting may have.
type rule struct {
	// says completes "it must be": the reference has it, and the error for a value that breaks it.
	says string
	// set checks a value and sets it. The error says what rule it breaks, read after "key: value".
	set func(value string) error
	// boolean: the flag alone, without a value, means true.
	boolean bool
}

// text sets what a check admits as it is.
func text(to *string, says string, admits func(string) bool) rule {
	return rule{says: says, set: func(v string) error {
		*to = v
		if !admits(v) {
			return errors.New("must be " + says)
		}
		return nil
	}}
}

// endpoint is an active connection method of ovsdb(7).
func endpoint(to *string) rule {
	return rule{
		says: "unix:PATH with an absolute path, or tcp:HOST:PORT or ssl:HOST:PORT, an IPv6 address in brackets; without a port, 6640",
		set: func(v string) error {
			*to = v
			return dbconn.CheckEndpoint(v)
		},
	}
}

func truth(to *bool) rule {
	const says = "true or false"
	return rule{says: says, boolean: true, set: func(v string) (err error) {
		if *to, err = strconv.ParseBool(v); err != nil {
			return errors.New("must be " + says)
		}
		return nil
	}}
}

// duration sets a time that may be none if that is the least.
func duration(to *time.Duration, least, most time.Duration) rule {
	examples := "90s or 2m"
	if least == 0 {
		examples = "500ms or 5s"
	}
	says := fmt.Sprintf("a time from %s to %s, with a unit, as in %s", brief(least), brief(most), examples)
	return rule{says: says, set: func(v string) (err error) {
		if *to, err = time.ParseDuration(v); err != nil || *to < least || *to > most {
			return errors.New("must be " + says)
		}
		return nil
	}}
}

// brief is a time without the units of which it has none: 10m, where time has 10m0s.
func brief(d time.Duration) string {
	s := d.String()
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, none) {
			s = s[:len(s)-2]
		}
	}
	return s
}

func level(to *slog.Level) rule {
	var v string
	r := oneOf(&v, "debug", "info", "warn", "error")
	return rule{says: r.says, set: func(v string) error {
		if err := r.set(v); err != nil {
			return err
		}
		return to.UnmarshalText([]byte(v))
	}}
}

func oneOf(to *string, words ...string) rule {
	last := len(words) - 1
	return text(to, strings.Join(words[:last], ", ")+" or "+words[last], func(v string) bool { return slices.Contains(words, v) })
}

// word is what may be one word of a command line or a log.
func word(to *string) rule {
	return text(to, "one word, without white space and unprintable characters", isWord)
}

func isWord(v string) bool {
	return !strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// pemFile wants an absolute path: a relative one means another to a service than to a shell.
func pemFile(to *string) rule {
	return text(to, "an absolute path, or empty for none", func(v string) bool { return v == "" || absolute(v) })
}

func directory(to *string) rule { return text(to, "an absolute path", absolute) }

func absolute(v string) bool { return filepath.IsAbs(v) && !strings.ContainsRune(v, 0) }

// socket is a path that fits into sockaddr_un of unix(7), which holds 108 bytes with the terminating NUL.
func socket(to *string) rule {
	const most = 107
	return text(to, fmt.Sprintf("an absolute path of at most %d bytes, as that of any unix socket", most), func(v string) bool {
		return absolute(v) && len(v) <= most
	})
}

// listen is an IP address, or nothing for all of the machine's, and a port.
// A name may come to mean another address than was thought of.
func listen(to *string) rule {
	const says = "an IP address and a port from 1 to 65535, as in 127.0.0.1:9797 or [::1]:9797, or :9797 for all addresses of the machine"
	return text(to, says, func(v string) bool {
		if v == "" {
			return true
		}
		host, port, err := net.SplitHostPort(v)
		if err == nil && host != "" {
			_, err = netip.ParseAddr(host)
		}
		n, bad := strconv.ParseUint(port, 10, 16)
		return err == nil && bad == nil && n > 0
	})
}
