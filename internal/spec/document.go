package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/diag"
)

// maxBytes is the largest spec file that is read. The network of 1,000
// networks in the test kit takes under 1 MB.
const maxBytes = 16 << 20

// fileKind is what a kind of file holds.
type fileKind struct {
	kind  yaml.Kind // of its top node
	is    string    // "a spec is a mapping of keys"
	start string    // hint: how to begin one
	split string    // hint: what to do with two documents
}

var specFile = fileKind{
	kind: yaml.MappingNode, is: "a spec is a mapping of keys", start: starterHint,
	split: "keep one document a file; a folder of files is read as one spec",
}

// document parses one file of a spec into its top node, or reports why it
// cannot; nil after an error.
func document(f File, diags *diag.List) *yaml.Node { return parseYAML(f, &specFile, diags) }

// parseYAML parses one file into its top node, or reports why it cannot; nil
// after an error.
func parseYAML(f File, as *fileKind, diags *diag.List) *yaml.Node {
	start := diag.Pos{File: f.Name, Line: 1, Col: 1}
	if len(f.Data) > maxBytes {
		diags.Errorf(start, "the file has %d MB; at most %d MB are read", len(f.Data)>>20, maxBytes>>20).
			Hint = "divide the spec into several files of a folder"
		return nil
	}
	if pos, ok := badByte(f); ok {
		return reportByte(f, pos, diags)
	}
	dec := yaml.NewDecoder(bytes.NewReader(f.Data))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		diags.Errorf(start, "the file is empty").Hint = as.start
		return nil
	} else if err != nil {
		syntaxError(f, err, diags)
		return nil
	}
	var next yaml.Node
	switch err := dec.Decode(&next); {
	case err == nil:
		at := start
		if next.Line > 0 {
			at.Line, at.Col = next.Line, max(next.Column, 1)
		}
		diags.Errorf(at, "a second YAML document begins here").Hint = as.split
		return nil
	case !errors.Is(err, io.EOF):
		syntaxError(f, err, diags)
		return nil
	}
	top := &doc
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		top = doc.Content[0]
	}
	if isNull(top) {
		diags.Errorf(start, "the file is empty").Hint = as.start
		return nil
	}
	if top.Kind != as.kind {
		diags.Errorf(start, "%s, found %s", as.is, describe(top)).Hint = as.start
		return nil
	}
	return top
}

const starterHint = "tieline init writes a starter spec"

// badByte finds the first byte that no YAML file may hold.
func badByte(f File) (int, bool) {
	for i := 0; i < len(f.Data); {
		c := f.Data[i]
		if c >= 0x20 && c < 0x7f || c == '\n' || c == '\r' || c == '\t' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(f.Data[i:])
		if r == utf8.RuneError && size <= 1 || r < 0x20 || r == 0x7f || r > 0x7f && r < 0xa0 && r != 0x85 ||
			r == 0xfffe || r == 0xffff || r == 0xfeff && i > 0 {
			return i, true
		}
		i += size
	}
	return 0, false
}

func reportByte(f File, at int, diags *diag.List) *yaml.Node {
	line, col := after(f.Data[:at])
	pos := diag.Pos{File: f.Name, Line: line, Col: col}
	r, size := utf8.DecodeRune(f.Data[at:])
	if r == utf8.RuneError && size <= 1 {
		diags.Errorf(pos, "the file is not UTF-8 text").Hint = fmt.Sprintf("save it as UTF-8; the first wrong byte is 0x%02x", f.Data[at])
		return nil
	}
	diags.Errorf(pos, "the control character %U is not allowed in YAML", r).Hint = "remove it"
	return nil
}

// syntaxError turns an error of the YAML parser into a diagnostic.
func syntaxError(f File, err error, diags *diag.List) {
	pos := diag.Pos{File: f.Name, Line: 1, Col: 1}
	var le *yaml.LoadError
	if !errors.As(err, &le) {
		diags.Errorf(pos, "not valid YAML: %v", err)
		return
	}
	if le.Mark.Line > 0 {
		pos = inside(f, le.Mark)
	}
	if strings.Contains(le.Message, "tab character") || isTab(f.Data, pos) {
		diags.Errorf(pos, "a tab in the indentation").Hint = "YAML indents with spaces only: replace tabs by spaces"
		return
	}
	d := diags.Errorf(pos, "not valid YAML: %s", le.Message)
	d.Hint = syntaxHint(le.Message)
	if c := le.ContextMark; c.Line > 0 && le.ContextMsg != "" && (c.Line != pos.Line || c.Column != pos.Col) {
		d.Related = []diag.Related{{Pos: inside(f, c), Message: le.ContextMsg}}
	}
}

// inside is the place of a mark of the YAML parser, which may lie behind the
// end of the file.
func inside(f File, m yaml.Mark) diag.Pos {
	line, col := after(f.Data)
	if m.Line > line || m.Line == line && m.Column > col {
		return diag.Pos{File: f.Name, Line: line, Col: col}
	}
	return diag.Pos{File: f.Name, Line: m.Line, Col: max(m.Column, 1)}
}

// after is the line and column of what comes after data, with lines as YAML
// 1.1 breaks them and columns in characters.
func after(data []byte) (line, col int) {
	line, col = 1, 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		i += size
		switch {
		case r == 0xfeff, r == '\r' && i < len(data) && data[i] == '\n':
		case r == '\n', r == '\r', r == 0x85, r == 0x2028, r == 0x2029:
			line, col = line+1, 1
		default:
			col++
		}
	}
	return line, col
}

// isTab reports whether a tab stands at pos, with only white space before it.
func isTab(data []byte, pos diag.Pos) bool {
	line := 1
	for l := range bytes.Lines(data) {
		if line == pos.Line {
			before := bytes.TrimLeft(l, " \t")
			indent := l[:len(l)-len(before)]
			return pos.Col <= len(indent) && bytes.ContainsRune(indent, '\t')
		}
		line++
	}
	return false
}

func syntaxHint(message string) string {
	switch {
	case strings.Contains(message, "mapping values are not allowed"):
		return "a value that holds a colon and a space needs quotes, and each key its own line"
	case strings.Contains(message, "did not find expected key"), strings.Contains(message, "block end"):
		return "the indentation does not fit the lines above, or a colon is missing"
	case strings.Contains(message, "',' or"):
		return "a bracket or brace is not closed, or a comma is missing"
	case strings.Contains(message, "expected node content"):
		return "a bracket or brace is not closed"
	case strings.Contains(message, "cannot start any token"):
		return "a value that begins with @, ` or % needs quotes"
	case strings.Contains(message, "unknown anchor"):
		return "define the anchor with & before its alias"
	}
	return ""
}
