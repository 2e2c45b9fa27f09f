package audit_test

import (
	"strings"
	"testing"
)

const (
	around  = 2 // lines of what stays that are shown before and after a change
	longRun = 8 // lines that go at once, beyond which those in the middle are left out
)

// mend shows what changes from one text to another as the lines of a diff, with
// a few around each change; of what is left out, a line names the block that
// the next change is in.
func mend(from, to string) string {
	lines := diffLines(strings.Split(strings.TrimSuffix(from, "\n"), "\n"), strings.Split(strings.TrimSuffix(to, "\n"), "\n"))
	shown := make([]bool, len(lines))
	for i, l := range lines {
		if l[0] == ' ' {
			continue
		}
		for k := max(0, i-around); k < min(len(lines), i+around+1); k++ {
			shown[k] = true
		}
	}
	var b strings.Builder
	block := ""
	for i, l := range lines {
		begins := l[1:] != "" && l[1] != ' ' && (strings.HasSuffix(l, " {") || strings.HasSuffix(l, ":"))
		if begins {
			block = strings.TrimRight(l[1:], " {:")
		}
		if !shown[i] {
			continue
		}
		if i > 0 && !shown[i-1] {
			b.WriteString("@@ ")
			if block != "" && !begins {
				b.WriteString(block + " ")
			}
			b.WriteString("@@\n")
		}
		if inLongRun(lines, i) {
			if !inLongRun(lines, i-1) {
				b.WriteString("-" + strings.Repeat(" ", len(l)-len(strings.TrimLeft(l[1:], " "))-1) + "...\n")
			}
			continue
		}
		b.WriteString(strings.TrimRight(l, " ") + "\n")
	}
	return b.String()
}

// inLongRun reports whether a line is of many that go, and neither of the first
// nor of the last two.
func inLongRun(lines []string, i int) bool {
	if lines[i][0] != '-' {
		return false
	}
	first, last := i, i
	for first > 0 && lines[first-1][0] == '-' {
		first--
	}
	for last < len(lines)-1 && lines[last+1][0] == '-' {
		last++
	}
	return last-first >= longRun && i > first+1 && i < last-1
}

// diffLines gives the lines of both texts once, each with a space, + or - for
// what stays, comes and goes: as few changes as there can be.
func diffLines(from, to []string) []string {
	same := make([][]int, len(from)+1) // the longest that from[i:] and to[k:] have in common
	for i := range same {
		same[i] = make([]int, len(to)+1)
	}
	for i := len(from) - 1; i >= 0; i-- {
		for k := len(to) - 1; k >= 0; k-- {
			same[i][k] = max(same[i+1][k], same[i][k+1])
			if from[i] == to[k] {
				same[i][k] = same[i+1][k+1] + 1
			}
		}
	}
	var out []string
	i, k := 0, 0
	for i < len(from) || k < len(to) {
		switch {
		case i < len(from) && k < len(to) && from[i] == to[k]:
			out = append(out, " "+from[i])
			i, k = i+1, k+1
		case i < len(from) && (k == len(to) || same[i+1][k] >= same[i][k+1]):
			out = append(out, "-"+from[i])
			i++
		default:
			out = append(out, "+"+to[k])
			k++
		}
	}
	return out
}

func TestMend(t *testing.T) {
	tests := []struct{ name, from, to, want string }{
		{"a line of several", "a\nb\nc\nd\n", "a\nb\nx\nd\n", " a\n b\n-c\n+x\n d\n"},
		{"far from the beginning", "a\nb\nc\nd\n", "a\nb\nc\nd\ne\n", "@@ @@\n c\n d\n+e\n"},
		{"in a block", "resource \"x\" \"y\" {\n  a\n  b\n  c\n}\n", "resource \"x\" \"y\" {\n  a\n  b\n}\n", "@@ resource \"x\" \"y\" @@\n   a\n   b\n-  c\n }\n"},
		{"in a list", "a: 1\nb:\n  - c\n  - d\n  - e\n", "a: 1\nb:\n  - c\n  - d\n  - e\n  - f\n", "@@ b @@\n   - d\n   - e\n+  - f\n"},
		{"many lines that go", "a\n" + strings.Repeat("  b\n", 12) + "c\n", "a\nc\n", " a\n-  b\n-  b\n-  ...\n-  b\n-  b\n c\n"},
		{"nothing", "a\n", "a\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mend(tt.from, tt.to); got != tt.want {
				t.Errorf("mend(%q, %q) = %q, want %q", tt.from, tt.to, got, tt.want)
			}
		})
	}
}
