package lock

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

const (
	headerStart = "# tieline.lock version "
	version     = 1
	header      = headerStart + "1: what tieline allocated, one line each; commit this file; see tieline lock --help"
)

// The codes of diagnostics that [Lock.Resolve] repairs.
const (
	CodeConflict diag.Code = "lock-conflict"      // two entries that cannot both stand
	CodeMarkers  diag.Code = "lock-merge-markers" // conflict markers of git
)

// Resolvable reports whether all errors in list are repaired by [Lock.Resolve]
// of the lock that came with them.
func Resolvable(list diag.List) bool {
	return !slices.ContainsFunc(list, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && d.Code != CodeConflict && d.Code != CodeMarkers
	})
}

// Parse reads a lock file; name stands in places. It reports every mistake
// and every conflict at once. With errors the lock holds the entries that
// could be read, those of both sides between conflict markers; it is then fit
// for [Lock.Resolve] when [Resolvable] says so, and for nothing else. An empty
// file is an empty lock.
func Parse(name string, data []byte) (Lock, diag.List) {
	p := parser{name: name, entries: make([]Entry, 0, bytes.Count(data, []byte("\n"))+1)}
	for rest := string(data); rest != "" && !p.stop; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		p.line++
		p.read(strings.TrimSuffix(line, "\r"))
	}
	if p.side != noSide {
		p.markerError(p.opened, "conflict marker without its end")
	}
	l := sorted(p.entries)
	if p.stop {
		return l, p.diags
	}
	for _, c := range l.Conflicts() {
		p.diags.Add(c.Diagnostic())
	}
	return l, p.diags.Sorted()
}

// side is where among git's conflict markers a line stands.
type side uint8

const (
	noSide side = iota
	ours
	base // what both came from (merge.conflictStyle diff3): stands in neither
	theirs
)

type parser struct {
	name    string
	line    int
	headed  bool // the header was seen
	stop    bool // what follows cannot be a lock
	side    side
	opened  int // line of the opening marker
	entries []Entry
	diags   diag.List
}

func (p *parser) read(line string) {
	switch {
	case p.marker(line) || p.side == base || strings.TrimSpace(line) == "":
	case strings.HasPrefix(line, headerStart):
		p.readHeader(line)
	case !p.headed:
		p.diags.Errorf(p.at(line, 0), "not a lock file: it does not begin with %q", strings.TrimSpace(headerStart)).Hint = "restore it from git, or remove it to allocate everything anew"
		p.stop = true
	case strings.HasPrefix(line, "#"):
		p.diags.Warnf(p.at(line, 0), "comment will be lost when the lock is next written").Hint = "keep comments in the spec"
	default:
		p.readEntry(line)
	}
}

func (p *parser) readHeader(line string) {
	n, _, _ := strings.Cut(line[len(headerStart):], ":")
	v, err := strconv.Atoi(n)
	switch {
	case err != nil || v < 1:
		p.diags.Errorf(p.at(line, len(headerStart)), "version %q is not a number", n)
		p.stop = true
	case v > version:
		p.diags.Errorf(p.at(line, len(headerStart)), "lock file has version %d; this tieline reads up to %d", v, version).Hint = "update tieline"
		p.stop = true
	}
	p.headed = true
}

// marker reports whether line is a conflict marker, and follows it.
func (p *parser) marker(line string) bool {
	if len(line) < 7 {
		return false
	}
	was := p.side
	switch line[:7] {
	case "<<<<<<<":
		p.side, p.opened = ours, p.line
		p.markerError(p.line, "git left a merge conflict here")
		return true
	case "|||||||":
		p.side = base
	case "=======":
		p.side = theirs
	case ">>>>>>>":
		p.side = noSide
	default:
		return false
	}
	if was == noSide {
		p.side = noSide
		p.markerError(p.line, "conflict marker without its beginning")
	}
	return true
}

func (p *parser) markerError(line int, summary string) {
	d := p.diags.Errorf(diag.Pos{File: p.name, Line: line, Col: 1}, "%s", summary)
	d.Code = CodeMarkers
	d.Hint = "run tieline lock resolve, which takes the entries of both sides; or keep the lines of both, remove the markers and check again"
}

func (p *parser) at(line string, offset int) diag.Pos {
	return diag.Pos{File: p.name, Line: p.line, Col: utf8.RuneCountInString(line[:offset]) + 1}
}

// field is a word of a line and where it starts, in bytes.
type field struct {
	text   string
	offset int
}

// fields splits line at spaces and tabs into buf.
func fields(line string, buf []field) []field {
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		end := strings.IndexAny(line[i:], " \t")
		if end < 0 {
			end = len(line) - i
		}
		buf = append(buf, field{line[i : i+end], i})
		i += end
	}
	return buf
}

func (p *parser) readEntry(line string) {
	var buf [6]field
	f := fields(line, buf[:0])
	fail := func(i int, hint, format string, args ...any) {
		p.diags.Errorf(p.at(line, f[i].offset), format, args...).Hint = hint
	}
	const form = "an entry has the form: block aws/us-west-2/aws-oregon/ml 10.0.0.0/16 @1"
	if len(f) < 4 {
		fail(0, form, "entry has %d words instead of at least 4", len(f))
		return
	}
	kind, err := ParseKind(f[0].text)
	if err != nil {
		fail(0, diag.Suggest(f[0].text, kindNames[ASN:]), "%v", err)
		return
	}
	e := Entry{Kind: kind, Key: f[1].text, Pos: p.at(line, 0)}
	if err := e.setValue(f[2].text); err != nil {
		fail(2, "", "%s %s: %v", e.Kind, e.Key, err)
		return
	}
	stamp, ok := strings.CutPrefix(f[3].text, "@")
	if e.Stamp, err = parseNumber(stamp); !ok || err != nil {
		fail(3, form, "%q is not a stamp: @ and a whole number", f[3].text)
		return
	}
	for i, w := range f[4:] {
		scope, isScope := strings.CutPrefix(w.text, "in=")
		switch {
		case isScope && i == 0 && scope != "":
			e.Scope = ScopeOf(Scope(scope).Keys()...)
		case w.text == "freed" && i == len(f)-5:
			e.Freed = true
		default:
			fail(4+i, "after the stamp may follow in=KEY,KEY and then freed", "unexpected %q", w.text)
			return
		}
	}
	if err := e.Validate(); err != nil {
		fail(1, "", "%v", err)
		return
	}
	p.entries = append(p.entries, e)
}

// setValue reads the value of e as its kind has it.
func (e *Entry) setValue(s string) (err error) {
	switch e.Kind {
	case ASN:
		e.ASN, err = vocab.ParseASN(s)
	case Block, Inside:
		e.Prefix, err = prefix.ParsePrefixStrict(s)
	case Number:
		e.Number, err = parseNumber(s)
	}
	return err
}

func parseNumber(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number from 0 to %d", s, maxNumber)
	}
	return int(n), nil
}
