package docs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// elided reports whether a line stands for lines left out.
func elided(line string) bool { return strings.TrimSpace(line) == "..." }

// chunks splits what is shown at its elisions: n elisions give n+1 chunks,
// the first and last of which are empty where it begins or ends with one.
func chunks(shown []string) [][]string {
	out := [][]string{nil}
	for _, line := range shown {
		if elided(line) {
			out = append(out, nil)
			continue
		}
		out[len(out)-1] = append(out[len(out)-1], line)
	}
	return out
}

// matches reports whether what is shown is got with lines left out at the
// elisions only.
func matches(shown, got []string) bool {
	c := chunks(shown)
	if len(c) == 1 {
		return slices.Equal(shown, got)
	}
	first, last := c[0], c[len(c)-1]
	if len(got) < len(first)+len(last) || !slices.Equal(first, got[:len(first)]) || !slices.Equal(last, got[len(got)-len(last):]) {
		return false
	}
	rest := got[len(first) : len(got)-len(last)]
	for _, chunk := range c[1 : len(c)-1] {
		at := find(chunk, rest)
		if at < 0 {
			return false
		}
		rest = rest[at+len(chunk):]
	}
	return true
}

func find(chunk, in []string) int {
	for i := 0; i+len(chunk) <= len(in); i++ {
		if slices.Equal(chunk, in[i:i+len(chunk)]) {
			return i
		}
	}
	return -1
}

// refreshed returns what is shown with its chunks as they are in got: each
// takes the lines that are most like it, after those of the chunk before.
func refreshed(shown, got []string) []string {
	c := chunks(shown)
	if len(c) == 1 {
		return got
	}
	marks := slices.DeleteFunc(slices.Clone(shown), func(s string) bool { return !elided(s) })
	var out []string
	from := 0
	for i, chunk := range c {
		room := 0 // what the chunks after this one take
		for _, later := range c[i+1:] {
			room += len(later)
		}
		end := len(got) - room
		n := min(len(chunk), max(0, end-from))
		at := from
		switch {
		case i == 0:
		case i == len(c)-1:
			at = end - n
		default:
			at = nearest(chunk[:n], got, from, end)
		}
		out = append(out, got[at:at+n]...)
		from = at + n
		if i < len(marks) {
			out = append(out, marks[i])
		}
	}
	return out
}

// nearest returns where in got[from:end] as many lines as chunk has share
// most words with it.
func nearest(chunk, got []string, from, end int) int {
	best, at := -1, from
	for i := from; i+len(chunk) <= end; i++ {
		score := 0
		for j, line := range chunk {
			score += common(line, got[i+j])
		}
		if score > best {
			best, at = score, i
		}
	}
	return at
}

// common counts the words that two lines share; equal lines count most.
func common(a, b string) int {
	n := 0
	words := strings.Fields(b)
	for _, w := range strings.Fields(a) {
		if i := slices.Index(words, w); i >= 0 {
			words = slices.Delete(words, i, i+1)
			n += 2
		}
	}
	if a == b {
		n++
	}
	return n
}

func TestShown(t *testing.T) {
	lines := func(s string) []string { return strings.Fields(s) }
	got := lines("a b c d e f")
	for _, c := range []struct {
		shown string
		match bool
		fresh string
	}{
		{"a b c d e f", true, "a b c d e f"},
		{"a b ... f", true, "a b ... f"},
		{"... c ... e f", true, "... c ... e f"},
		{"a ...", true, "a ..."},
		{"...", true, "..."},
		{"a b c d e", false, "a b c d e f"},
		{"a x ... f", false, "a b ... f"},
		{"... c x ... f", false, "... c d ... f"},
		{"... d ... c ...", false, "... d ... e ..."},
		{"a b c d ... d e f", false, "a b c ... d e f"},
	} {
		if m := matches(lines(c.shown), got); m != c.match {
			t.Errorf("matches(%s, a b c d e f) = %v, want %v", c.shown, m, c.match)
		}
		fresh := refreshed(lines(c.shown), got)
		if diff := cmp.Diff(lines(c.fresh), fresh); diff != "" {
			t.Errorf("refreshed(%s, a b c d e f) differs (-want +got):\n%s", c.shown, diff)
		}
		if !matches(fresh, got) {
			t.Errorf("refreshed(%s, a b c d e f) = %v, which does not match", c.shown, fresh)
		}
	}
}
