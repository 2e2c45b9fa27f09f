package spec

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/tieline/tieline/internal/diag"
)

// FuzzParse checks that no bytes break the parser, and that what it reports
// is sorted and points into the file.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/errors/*.yaml", "testdata/good/*.yaml", "example.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds %s: %v", pattern, err)
		}
		for _, path := range files {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte("sites: &x {<<: [*x, *x, *x]}\n"))
	f.Add([]byte("\ufeffversion: 1\r\nname: é\u2028x: 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, diags := Parse([]File{{Name: "n.yaml", Data: data}})
		sorted := slices.IsSortedFunc(diags, func(a, b diag.Diagnostic) int { return a.Pos.Compare(b.Pos) })
		if !sorted {
			t.Errorf("diagnostics are not sorted:\n%s", diags)
		}
		lines := lineLengths(data)
		for _, d := range diags {
			checkInside(t, d.Pos, lines, d.Summary)
			for _, r := range d.Related {
				checkInside(t, r.Pos, lines, r.Message)
			}
			if !utf8.ValidString(d.Summary) || d.Summary == "" {
				t.Errorf("%v: summary %q", d.Pos, d.Summary)
			}
		}
	})
}

func checkInside(t *testing.T, p diag.Pos, lines []int, what string) {
	t.Helper()
	if p.Line < 1 || p.Line > len(lines) || p.Col < 1 || p.Col > lines[p.Line-1]+1 {
		t.Errorf("position %v of %q is not in the file of %d lines", p, what, len(lines))
	}
}

// lineLengths counts the characters of each line, as YAML 1.1 breaks them.
func lineLengths(data []byte) []int {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	lengths := []int{0}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		i += size
		switch {
		case r == '\r' && i < len(data) && data[i] == '\n':
		case r == '\n', r == '\r', r == 0x85, r == 0x2028, r == 0x2029:
			lengths = append(lengths, 0)
		default:
			lengths[len(lengths)-1]++
		}
	}
	return lengths
}
