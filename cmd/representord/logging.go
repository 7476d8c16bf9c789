package main

import (
	"io"
	"log/slog"
	"os"
)

// logger gives the program's log, in the form and from the level that were chosen.
func logger(w io.Writer, format string, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	if os.Getenv("JOURNAL_STREAM") != "" { // systemd.exec(5): the journal has the time
		options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
	}
	return slog.New(slog.NewTextHandler(w, options))
}
