package lock

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/diag"
)

func TestParseDiagnostics(t *testing.T) {
	for _, tt := range []struct {
		name string
		file string // the whole file when it begins with "!", else the lines after the header
		want []string
		hint string // in the first diagnostic's hint
	}{
		{
			"no header", "!block a 10.0.0.0/16 @1\ngarbage\n",
			[]string{`l:1:1: error: not a lock file: it does not begin with "# tieline.lock version"`},
			"restore it from git",
		},
		{
			"newer", "!" + headerStart + "2: later\nblock a 10.0.0.0/16 @1 else\n",
			[]string{"l:1:24: error: lock file has version 2; this tieline reads up to 1"},
			"update tieline",
		},
		{"version not a number", "!" + headerStart + "one\n", []string{`l:1:24: error: version "one" is not a number`}, ""},
		{"comment", "# mine", []string{"l:2:1: warning: comment will be lost when the lock is next written"}, "spec"},
		{
			"unknown kind", "blok a 10.0.0.0/16 @1",
			[]string{`l:2:1: error: kind "blok" is not one of asn, block, inside, number`},
			`did you mean "block"?`,
		},
		{"short", "block a", []string{"l:2:1: error: entry has 2 words instead of at least 4"}, "form"},
		{
			"host bits", "block a 10.0.0.1/16 @1",
			[]string{`l:2:9: error: block a: "10.0.0.1/16" has host bits set: the network of 10.0.0.1 is 10.0.0.0/16`},
			"",
		},
		{"asn zero", "asn a 0 @1", []string{`l:2:7: error: asn a: AS number "0" is not a whole number from 1 to 4294967295`}, ""},
		{"number below zero", "number a -1 @1", []string{`l:2:10: error: number a: "-1" is not a whole number from 0 to 2147483647`}, ""},
		{"no stamp", "block a 10.0.0.0/16 freed", []string{`l:2:21: error: "freed" is not a stamp: @ and a whole number`}, "form"},
		{"misspelt freed", "block a 10.0.0.0/16 @1 free", []string{`l:2:24: error: unexpected "free"`}, "freed"},
		{"freed twice", "block a 10.0.0.0/16 @1 freed freed", []string{`l:2:24: error: unexpected "freed"`}, ""},
		{"column in characters", "block é 10.0.0.0/33 @1", []string{`l:2:9: error: block é: "10.0.0.0/33" is not a prefix of the form 10.1.0.0/16 or fd00:1::/48`}, ""},
		{"leftover in use", "block a~1 10.0.0.0/16 @1", []string{`l:2:7: error: key "a~1" ends in ~ and a number, which marks a freed entry`}, ""},
		{"all at once", "block a/ 10.0.0.0/16 @1\nasn b x @1", []string{
			`l:2:7: error: key "a/" has an empty name between slashes`,
			`l:3:7: error: asn b: AS number "x" is not a whole number from 1 to 4294967295`,
		}, ""},
		{
			"overlap of siblings", "block a 10.0.0.0/16 @1\nblock b 10.0.1.0/24 @2",
			[]string{"l:3:1: error: block 10.0.1.0/24 of b overlaps 10.0.0.0/16 of a\n  l:2:1: block a 10.0.0.0/16 @1"},
			"tieline lock resolve",
		},
		{
			"the later is told by its stamp", "block a 10.0.0.0/16 @2\nblock b 10.0.1.0/24 @1",
			[]string{"l:2:1: error: block 10.0.0.0/16 of a overlaps 10.0.1.0/24 of b\n  l:3:1: block b 10.0.1.0/24 @1"},
			"",
		},
		{
			"same number of siblings", "number n/a 1 @1\nnumber n/b 1 @1\nnumber m/b 1 @1",
			[]string{"l:3:1: error: number n/b has 1, which n/a has already\n  l:2:1: number n/a 1 @1"},
			"",
		},
		{
			"merge conflict", "<<<<<<< HEAD\nblock a 10.0.0.0/24 @1\n=======\nblock b 10.0.1.0/24 @1\n>>>>>>> other",
			[]string{"l:2:1: error: git left a merge conflict here"},
			"tieline lock resolve",
		},
		{
			"half a merge conflict", "=======\nblock b 10.0.1.0/24 @1\n<<<<<<< HEAD",
			[]string{"l:2:1: error: conflict marker without its beginning", "l:4:1: error: conflict marker without its end", "l:4:1: error: git left a merge conflict here"},
			"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := []byte(header + "\n" + tt.file + "\n")
			if whole, ok := strings.CutPrefix(tt.file, "!"); ok {
				data = []byte(whole)
			}
			_, diags := Parse("l", data)
			var got []string
			for _, d := range diags {
				d.Hint = ""
				got = append(got, d.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Fatalf("Parse: (-want +got)\n%s", diff)
			}
			if !strings.Contains(diags[0].Hint, tt.hint) {
				t.Errorf("hint = %q, want %q in it", diags[0].Hint, tt.hint)
			}
		})
	}
}

func TestResolvable(t *testing.T) {
	for _, tt := range []struct {
		name string
		list diag.List
		want bool
	}{
		{"nothing", nil, true},
		{"conflict and markers", diag.List{{Severity: diag.Error, Code: CodeConflict}, {Severity: diag.Error, Code: CodeMarkers}}, true},
		{"warning", diag.List{{Severity: diag.Warning}}, true},
		{"bad line", diag.List{{Severity: diag.Error, Code: CodeConflict}, {Severity: diag.Error}}, false},
	} {
		if got := Resolvable(tt.list); got != tt.want {
			t.Errorf("Resolvable(%s) = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"block a 10.0.0.0/16 @1\nblock a/b 10.0.0.0/15 @1\nblock c 10.0.0.0/24 @2 freed",
		"block a 10.0.0.0/16 @1\nblock a 10.1.0.0/16 @1\nblock a 10.1.0.0/16 @1 freed",
		"asn a 1 @1\nasn b 1 @1\nasn b~1 1 @0 freed\nnumber a/b 0 @1\nnumber a/c 0 @2147483647",
		"inside a 169.254.0.0/30 @1 in=x,y\ninside b 169.254.0.0/30 @1 in=y\ninside c 169.254.0.0/29 @1 in=x freed",
		"<<<<<<< a\nblock b fd00::/48 @1\n||||||| b\nblock c ::/0 @1\n=======\nblock d fd00::/47 @1\n>>>>>>> c",
		"block z 10.0.0.0/8 @5\nblock z/a 10.0.0.0/24 @4\nblock b 10.0.0.0/9 @4",
	} {
		f.Add(header + "\n" + s + "\n")
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, diags := Parse("l", []byte(s))
		if !Resolvable(diags) {
			return
		}
		if conflicts := l.Conflicts(); (len(conflicts) > 0) != hasClash(l) {
			t.Fatalf("Conflicts() = %v, want some: %v\n%s", conflicts, hasClash(l), l.Marshal())
		}
		resolved, moved := l.Resolve()
		if conflicts := resolved.Conflicts(); len(conflicts) > 0 {
			t.Fatalf("conflicts after Resolve: %v\n%s", conflicts, resolved.Marshal())
		}
		if resolved.Len()+len(moved) != l.Len() {
			t.Errorf("Resolve kept %d and moved %d of %d", resolved.Len(), len(moved), l.Len())
		}
		again, diags := Parse("l", resolved.Marshal())
		if len(diags) > 0 || !again.Equal(resolved) {
			t.Errorf("Parse(Marshal(l)) = %v, %v, want\n%s", lines(again), diags, resolved.Marshal())
		}
		used := resolved.Entries()
		next, _ := resolved.Update(usedOf(used))
		if same, changes := next.Update(usedOf(used)); !changes.IsEmpty() || !same.Equal(next) {
			t.Errorf("a second Update changes %v", changes)
		}
		if conflicts := next.Conflicts(); len(conflicts) > 0 {
			t.Errorf("conflicts after Update: %v", conflicts)
		}
	})
}

// hasClash compares every pair: the oracle of Conflicts.
func hasClash(l Lock) bool {
	for i, e := range l.entries {
		for _, f := range l.entries[:i] {
			if e.Kind != f.Kind {
				continue
			}
			if e.Key == f.Key {
				return true
			}
			for r := range e.realms {
				for s := range f.realms {
					if r == s && (holds(&e, &f) || holds(&f, &e)) && clash(&e, &f) {
						return true
					}
				}
			}
		}
	}
	return false
}

// usedOf drops what is freed.
func usedOf(list []Entry) []Entry {
	var out []Entry
	for _, e := range list {
		if !e.Freed {
			out = append(out, e)
		}
	}
	return out
}

func BenchmarkParse10000(b *testing.B) {
	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf("block aws/us-west-2/site-%d 10.%d.0.0/16 @1", i, i))
		for j := range 99 {
			all = append(all, fmt.Sprintf("block aws/us-west-2/site-%d/net-%d 10.%d.%d.0/24 @1", i, j, i, j))
		}
	}
	data := file(all...)
	for b.Loop() {
		if l, diags := Parse("l", data); len(diags) > 0 || l.Len() != 10000 {
			b.Fatal(l.Len(), diags)
		}
	}
}
