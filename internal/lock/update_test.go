package lock

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUpdate(t *testing.T) {
	base := []string{
		"asn a 64512 @1",
		"block a 10.0.0.0/16 @1",
		"block a/x 10.0.0.0/24 @1",
		"block b 10.1.0.0/16 @3",
	}
	for _, tt := range []struct {
		name   string
		base   []string
		used   []Entry
		want   []string
		change Changes
	}{
		{
			name: "nothing changes", used: []Entry{asn("a", 64512), block("b", "10.1.0.0/16"), block("a/x", "10.0.0.0/24"), block("a", "10.0.0.0/16")},
			want: base,
		},
		{
			name:   "one is added: one line more",
			used:   []Entry{asn("a", 64512), block("a", "10.0.0.0/16"), block("a/x", "10.0.0.0/24"), block("b", "10.1.0.0/16"), block("a/y", "10.0.1.0/24")},
			want:   []string{base[0], base[1], base[2], "block a/y 10.0.1.0/24 @4", base[3]},
			change: Changes{Added: []Entry{at(block("a/y", "10.0.1.0/24"), 4)}},
		},
		{
			name:   "one is removed: freed",
			used:   []Entry{asn("a", 64512), block("a", "10.0.0.0/16"), block("a/x", "10.0.0.0/24")},
			want:   []string{base[0], base[1], base[2], base[3] + " freed"},
			change: Changes{Freed: []Entry{freed(at(block("b", "10.1.0.0/16"), 3))}},
		},
		{
			name: "comes back", base: []string{"block b 10.1.0.0/16 @3 freed"}, used: []Entry{block("b", "10.1.0.0/16")},
			want:   []string{"block b 10.1.0.0/16 @3"},
			change: Changes{Restored: []Entry{at(block("b", "10.1.0.0/16"), 3)}},
		},
		{
			name: "moves: the old value is held", base: []string{"block b 10.1.0.0/16 @3"}, used: []Entry{block("b", "10.4.0.0/14")},
			want: []string{"block b 10.4.0.0/14 @4", "block b~3 10.1.0.0/16 @3 freed"},
			change: Changes{
				Moved: []Change{{at(block("b", "10.1.0.0/16"), 3), at(block("b", "10.4.0.0/14"), 4)}},
				Freed: []Entry{freed(at(block("b~3", "10.1.0.0/16"), 3))},
			},
		},
		{
			name: "moves back: takes the held value again", base: []string{"block b 10.4.0.0/14 @4", "block b~3 10.1.0.0/16 @3 freed"}, used: []Entry{block("b", "10.1.0.0/16")},
			want: []string{"block b 10.1.0.0/16 @5", "block b~4 10.4.0.0/14 @4 freed"},
			change: Changes{
				Moved:   []Change{{at(block("b", "10.4.0.0/14"), 4), at(block("b", "10.1.0.0/16"), 5)}},
				Removed: []Entry{freed(at(block("b~3", "10.1.0.0/16"), 3))},
				Freed:   []Entry{freed(at(block("b~4", "10.4.0.0/14"), 4))},
			},
		},
		{
			name: "grows in place: nothing to hold", base: []string{"block b 10.0.0.0/16 @3"}, used: []Entry{block("b", "10.0.0.0/15")},
			want:   []string{"block b 10.0.0.0/15 @4"},
			change: Changes{Moved: []Change{{at(block("b", "10.0.0.0/16"), 3), at(block("b", "10.0.0.0/15"), 4)}}},
		},
		{
			name: "shrinks in place: the whole old block is held", base: []string{"block b 10.0.0.0/15 @3"}, used: []Entry{block("b", "10.0.0.0/16")},
			want: []string{"block b 10.0.0.0/16 @4", "block b~3 10.0.0.0/15 @3 freed"},
			change: Changes{
				Moved: []Change{{at(block("b", "10.0.0.0/15"), 3), at(block("b", "10.0.0.0/16"), 4)}},
				Freed: []Entry{freed(at(block("b~3", "10.0.0.0/15"), 3))},
			},
		},
		{
			name: "scope changes", base: []string{"number n 1 @1"}, used: []Entry{{Kind: Number, Key: "n", Number: 1, Scope: ScopeOf("y", "x", "y")}},
			want: []string{"number n 1 @1 in=x,y"},
			change: Changes{Rescoped: []Change{{
				Entry{Kind: Number, Key: "n", Number: 1, Stamp: 1},
				Entry{Kind: Number, Key: "n", Number: 1, Stamp: 1, Scope: "x,y"},
			}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.base == nil {
				tt.base = base
			}
			got, changes := parse(t, tt.base...).Update(tt.used)
			if diff := cmp.Diff(tt.want, lines(got)); diff != "" {
				t.Errorf("Update: (-want +got)\n%s", diff)
			}
			parse(t, lines(got)...)
			if diff := cmp.Diff(tt.change, changes, cmp.Comparer(Entry.Equal)); diff != "" {
				t.Errorf("Update: changes (-want +got)\n%s", diff)
			}
			if again, more := got.Update(tt.used); !again.Equal(got) || !more.IsEmpty() {
				t.Errorf("second Update changes %+v", more)
			}
		})
	}
}

func at(e Entry, stamp int) Entry { e.Stamp = stamp; return e }
func freed(e Entry) Entry         { e.Freed = true; return e }

func TestUpdateRefusesDefects(t *testing.T) {
	for name, used := range map[string][]Entry{
		"twice":   {block("a", "10.0.0.0/16"), block("a", "10.1.0.0/16")},
		"invalid": {block("a b", "10.0.0.0/16")},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Errorf("Update(%v) did not panic", used)
				}
			}()
			Lock{}.Update(used)
		})
	}
}

func TestRename(t *testing.T) {
	base := []string{
		"asn site 64512 @1",
		"block aws/site 10.0.0.0/16 @1",
		"block aws/site/ml 10.0.0.0/24 @1",
		"block aws/site/old 10.0.1.0/24 @1 freed",
		"block aws/site2 10.1.0.0/16 @1",
		"block aws/site~1 10.2.0.0/16 @1 freed",
		"inside link/1 169.254.0.0/30 @1 in=aws/site/vpn,gcp/vpn",
	}
	for _, tt := range []struct {
		name     string
		base     []string
		from, to string
		want     []string
	}{
		{"a tree", base, "aws/site", "aws/new", []string{
			base[0],
			"block aws/new 10.0.0.0/16 @1",
			"block aws/new/ml 10.0.0.0/24 @1",
			"block aws/new/old 10.0.1.0/24 @1 freed",
			"block aws/new~1 10.2.0.0/16 @1 freed",
			base[4],
			"inside link/1 169.254.0.0/30 @1 in=aws/new/vpn,gcp/vpn",
		}},
		{"not there", base, "aws/sit", "aws/new", base},
		{"to itself", base, "aws/site", "aws/site", base},
		{
			"new name in use stays",
			[]string{"block a 10.0.0.0/16 @1", "block a/x 10.0.0.0/24 @1", "block b 10.1.0.0/16 @1"},
			"a", "b",
			[]string{"block a 10.0.0.0/16 @1", "block b 10.1.0.0/16 @1", "block b/x 10.0.0.0/24 @1"},
		},
		{
			"new name freed before",
			[]string{"block a 10.0.0.0/16 @2", "block b 10.1.0.0/16 @1 freed"},
			"a", "b",
			[]string{"block b 10.0.0.0/16 @2", "block b~1 10.1.0.0/16 @1 freed"},
		},
		{
			"both freed",
			[]string{"block a 10.0.0.0/16 @1 freed", "block b 10.1.0.0/16 @1 freed"},
			"a", "b",
			[]string{"block b 10.1.0.0/16 @1 freed", "block b~1 10.0.0.0/16 @1 freed"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := New(parse(t, tt.base...).Entries()...)
			got := l.Rename(tt.from, tt.to)
			if diff := cmp.Diff(tt.want, lines(got)); diff != "" {
				t.Errorf("Rename(%s, %s): (-want +got)\n%s", tt.from, tt.to, diff)
			}
			if diff := cmp.Diff(tt.base, lines(l)); diff != "" {
				t.Errorf("Rename changed its receiver: (-want +got)\n%s", diff)
			}
			if again := got.Rename(tt.from, tt.to); !again.Equal(got) {
				t.Errorf("second Rename = %v, want %v", lines(again), lines(got))
			}
		})
	}
}

func TestDiffFindsRenamesAndReleases(t *testing.T) {
	l := parse(t, "block a 10.0.0.0/16 @1", "block a/x 10.0.0.0/24 @1", "block old 10.9.0.0/16 @1 freed")
	m, _, _ := l.Rename("a", "b").Release("old")
	got := l.Diff(m)
	want := Changes{
		Removed: []Entry{freed(at(block("old", "10.9.0.0/16"), 1))},
		Renamed: []Change{
			{at(block("a", "10.0.0.0/16"), 1), at(block("b", "10.0.0.0/16"), 1)},
			{at(block("a/x", "10.0.0.0/24"), 1), at(block("b/x", "10.0.0.0/24"), 1)},
		},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(Entry.Equal)); diff != "" {
		t.Errorf("Diff: (-want +got)\n%s", diff)
	}
	if !l.Diff(l).IsEmpty() {
		t.Errorf("Diff of a lock with itself = %+v", l.Diff(l))
	}
}

func TestReleaseTakesTheTree(t *testing.T) {
	l := parse(t, "block a 10.0.0.0/16 @1 freed", "block a/x 10.0.0.0/24 @1 freed", "block ab 10.1.0.0/16 @1 freed", "block a~2 10.2.0.0/16 @2 freed", "number a/n 1 @1")
	got, released, unknown := l.Release("a")
	if diff := cmp.Diff([]string{"block ab 10.1.0.0/16 @1 freed", "number a/n 1 @1"}, lines(got)); diff != "" || len(released) != 3 || unknown != nil {
		t.Errorf("Release(a) released %v, unknown %v: (-want +got)\n%s", released, unknown, diff)
	}
	if !slices.EqualFunc(l.Freed(), append(released, got.Freed()...), func(a, b Entry) bool {
		return slices.ContainsFunc(append(released, got.Freed()...), a.Equal)
	}) {
		t.Errorf("Freed() = %v, want the released %v and %v", l.Freed(), released, got.Freed())
	}
}
