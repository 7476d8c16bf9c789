package draw

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const ellipsis = "…"

// glyph is a piece of a text as it is shown: a character, or the escape of something
// that has no shape or would change the shape of others.
func glyph(s string) (shown string, size int) {
	r, size := utf8.DecodeRuneInString(s)
	if strconv.IsPrint(r) && (r != utf8.RuneError || size > 1) {
		return s[:size], size
	}
	quoted := strconv.Quote(s[:size])
	return quoted[1 : len(quoted)-1], size
}

// font is a size in pixels, whether all characters have one width, and whether it
// is bold.
type font struct {
	size       float64
	mono, bold bool
}

// fit shows as much of a text as fits a width. What doesn't fit is replaced by an ellipsis. However
// long the text is, no more of it is read than is shown.
func (f font) fit(s string, width float64) string {
	var out []byte
	used, room, keep := 0.0, width-f.measure('…'), 0
	for s != "" {
		shown, size := glyph(s)
		for _, r := range shown {
			used += f.measure(r)
		}
		if used > width {
			return strings.TrimRight(string(out[:keep]), " ") + ellipsis
		}
		out = append(out, shown...)
		if used <= room {
			keep = len(out)
		}
		s = s[size:]
	}
	return string(out)
}

// measure gives the width of a character in pixels, that of the widest of the fonts
// that the style sheet names.
func (f font) measure(r rune) float64 {
	switch {
	case !narrow(r):
		return 1.25 * f.size
	case f.mono:
		return 0.603 * f.size
	case f.bold:
		return 1.13 * f.size * sans(r)
	}
	return f.size * sans(r)
}

// sans is the width of a character of DejaVu Sans, the widest of its kind, in em.
func sans(r rune) float64 {
	switch {
	case strings.ContainsRune("ijl'|", r):
		return 0.29
	case strings.ContainsRune("ftrIJ.,:;`!/\\()[]- ", r):
		return 0.41
	case strings.ContainsRune("ckosvxyz", r):
		return 0.61
	case strings.ContainsRune("mwMW@%", r), r >= 0x80:
		return 1
	case unicode.IsUpper(r):
		return 0.79
	}
	return 0.65
}

// narrow tells characters that every font draws alone and in the width of a letter.
func narrow(r rune) bool {
	return r < 0x530 && !unicode.IsMark(r) || r == '…' || r == '–'
}

// wild tells a text that may be wider or higher than it should be in some fonts.
func wild(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return !narrow(r) })
}

func (f font) width(s string) float64 {
	w := 0.0
	for _, r := range s {
		w += f.measure(r)
	}
	return w
}

// wrap breaks a text at spaces into lines of a width, at most so many; the last
// ends in an ellipsis when there is more.
func (f font) wrap(s string, width float64, most int) []string {
	words := strings.Fields(s)
	var lines []string
	for len(words) > 0 && len(lines) < most-1 {
		line, n := words[0], 1
		for n < len(words) && f.width(line)+f.measure(' ')+f.width(words[n]) <= width {
			line += " " + words[n]
			n++
		}
		lines = append(lines, f.fit(line, width))
		words = words[n:]
	}
	if len(words) > 0 {
		lines = append(lines, f.fit(strings.Join(words, " "), width))
	}
	return lines
}

// sentenceMost is how many bytes of a message are looked at: two lines have room for less.
const sentenceMost = 500

// sentence is a message for an operator. Its authors escaped what it quotes.
func sentence(s string) string { return s[:min(len(s), sentenceMost)] }
