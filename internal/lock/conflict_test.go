package lock

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/prefix"
)

func TestConflictsAndResolve(t *testing.T) {
	for _, tt := range []struct {
		name      string
		lines     []string
		conflicts []string // kept < later
		want      []string // after Resolve
	}{
		{
			"nested blocks may overlap",
			[]string{"block a 10.0.0.0/8 @1", "block a/b 10.0.0.0/8 @1", "block a/b/c 10.0.0.0/24 @1"},
			nil,
			[]string{"block a 10.0.0.0/8 @1", "block a/b 10.0.0.0/8 @1", "block a/b/c 10.0.0.0/24 @1"},
		},
		{
			"a descendant may not be wider",
			[]string{"block a 10.0.0.0/16 @1", "block a/b 10.0.0.0/8 @1"},
			[]string{"a < a/b"},
			[]string{"block a 10.0.0.0/16 @1"},
		},
		{
			"equal stamps: by key",
			[]string{"block a/new1 10.0.0.0/16 @5", "block a/new2 10.0.0.0/16 @5"},
			[]string{"a/new1 < a/new2"},
			[]string{"block a/new1 10.0.0.0/16 @5"},
		},
		{
			"the higher stamp moves",
			[]string{"block a/new1 10.0.0.0/16 @6", "block a/new2 10.0.0.0/16 @5"},
			[]string{"a/new2 < a/new1"},
			[]string{"block a/new2 10.0.0.0/16 @5"},
		},
		{
			"one key on both branches",
			[]string{"block a 10.0.0.0/16 @5", "block a 10.1.0.0/16 @5"},
			[]string{"a < a"},
			[]string{"block a 10.0.0.0/16 @5"},
		},
		{
			"freed on one branch, used on the other",
			[]string{"block a 10.0.0.0/16 @5", "block a 10.0.0.0/16 @5 freed"},
			[]string{"a < a"},
			[]string{"block a 10.0.0.0/16 @5"},
		},
		{
			"a freed entry gives way",
			[]string{"block a 10.0.0.0/16 @1 freed", "block b 10.0.0.0/16 @5"},
			[]string{"b < a"},
			[]string{"block b 10.0.0.0/16 @5"},
		},
		{
			"two freed entries may overlap",
			[]string{"block a 10.0.0.0/16 @1 freed", "block b 10.0.0.0/16 @5 freed"},
			nil,
			[]string{"block a 10.0.0.0/16 @1 freed", "block b 10.0.0.0/16 @5 freed"},
		},
		{
			"what lies in a moved block moves with it, and is one conflict",
			[]string{"block a 10.0.0.0/16 @2", "block a/x 10.0.0.0/24 @2", "block a/y 10.0.8.0/24 @3", "block z 10.0.0.0/15 @2", "block z/x 10.0.0.0/24 @4", "block z/y 10.1.0.0/24 @2"},
			[]string{"a < z"},
			[]string{"block a 10.0.0.0/16 @2", "block a/x 10.0.0.0/24 @2", "block a/y 10.0.8.0/24 @3"},
		},
		{
			"asn",
			[]string{"asn a 64512 @1", "asn b 64512 @1", "asn b/c 64513 @1"},
			[]string{"a < b"},
			[]string{"asn a 64512 @1", "asn b/c 64513 @1"},
		},
		{
			"inside: by gateway",
			[]string{"inside l/1 169.254.21.0/30 @1 in=a,b", "inside l/2 169.254.21.0/30 @1 in=c,d", "inside l/3 169.254.21.0/30 @2 in=b,e"},
			[]string{"l/1 < l/3"},
			[]string{"inside l/1 169.254.21.0/30 @1 in=a,b", "inside l/2 169.254.21.0/30 @1 in=c,d"},
		},
		{
			"numbers: by parent",
			[]string{"number a/x 1 @1", "number a/y 1 @1", "number b/x 1 @1"},
			[]string{"a/x < a/y"},
			[]string{"number a/x 1 @1", "number b/x 1 @1"},
		},
		{
			"kinds do not meet",
			[]string{"asn a 1 @1", "block a 10.0.0.0/30 @1", "inside b 10.0.0.0/30 @1", "number a 1 @1"},
			nil,
			[]string{"asn a 1 @1", "block a 10.0.0.0/30 @1", "inside b 10.0.0.0/30 @1", "number a 1 @1"},
		},
		{
			"an old value does not stand in its own key's way",
			[]string{"block a 10.0.0.0/16 @2", "block a~1 10.0.0.0/15 @1 freed", "block b 10.1.0.0/16 @3"},
			[]string{"b < a~1"},
			[]string{"block a 10.0.0.0/16 @2", "block b 10.1.0.0/16 @3"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := parseAny(t, tt.lines...)
			var conflicts []string
			for _, c := range l.Conflicts() {
				conflicts = append(conflicts, c.Kept.Key+" < "+c.Later.Key)
			}
			if diff := cmp.Diff(tt.conflicts, conflicts); diff != "" {
				t.Errorf("Conflicts: (-want +got)\n%s", diff)
			}
			got, moved := l.Resolve()
			if diff := cmp.Diff(tt.want, lines(got)); diff != "" {
				t.Errorf("Resolve: (-want +got)\n%s", diff)
			}
			if len(moved) != l.Len()-got.Len() {
				t.Errorf("Resolve moved %v, want what is not in %v", moved, lines(got))
			}
		})
	}
}

// branch allocates a /24 at each key as compile would, and returns the lock.
func branch(l Lock, keys ...string) Lock {
	used := usedOf(l.Entries())
	taken := l.Held("")
	for _, e := range used {
		taken = taken.Union(prefix.FromPrefixes(e.Prefix))
	}
	a := prefix.NewAllocator(prefix.FromPrefixes(netip.MustParsePrefix("10.0.0.0/12")), taken)
	for _, k := range keys {
		if _, ok := l.Block(k); ok {
			continue
		}
		p, _ := a.Allocate(24)
		used = append(used, Entry{Kind: Block, Key: k, Prefix: p})
	}
	next, _ := l.Update(used)
	return next
}

// union merges two files as git does with merge=union: the lines of both that
// the other has not deleted.
func union(base, a, b Lock) []byte {
	var out []string
	lb, la := lines(b), lines(a)
	for _, s := range slices.Concat(la, lb) {
		inBoth := slices.Contains(la, s) && slices.Contains(lb, s)
		if (inBoth || !slices.Contains(lines(base), s)) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return file(out...)
}

func TestMergeOfTwoBranches(t *testing.T) {
	base := branch(Lock{}, "site/a", "site/b", "site/c")
	left := branch(base, "site/m")

	// The right branch adds elsewhere: nothing collides.
	apart, _ := base.Update(append(base.Entries(), block("site/n", "10.1.0.0/24")))
	merged, diags := Parse("l", union(base, left, apart))
	if len(diags) > 0 || merged.Len() != 5 {
		t.Fatalf("merge of different additions: %v\n%s", diags, merged.Marshal())
	}

	// The right branch takes the same block and frees another.
	right, _ := base.Update(usedOf(base.Entries())[1:])
	right = branch(right, "site/k")
	merged, diags = Parse("l", union(base, left, right))
	if !diags.HasErrors() || !Resolvable(diags) || len(merged.Conflicts()) != 1 {
		t.Fatalf("merge of one block taken twice: %v, want one conflict\n%s", diags, merged.Marshal())
	}
	resolved, moved := merged.Resolve()
	if len(moved) != 1 || moved[0].Kept.Key == moved[0].Entry.Key {
		t.Fatalf("Resolve moved %v, want one", moved)
	}
	again := branch(resolved, "site/m", "site/k")
	if got := again.Conflicts(); len(got) > 0 || again.Len() != 5 {
		t.Errorf("after the next plan: conflicts %v in\n%s", got, again.Marshal())
	}
	for _, k := range []string{"site/b", "site/c", moved[0].Kept.Key} {
		was, _ := merged.Block(k)
		if now, _ := again.Block(k); now != was {
			t.Errorf("%s moved from %v to %v, want it to stay", k, was, now)
		}
	}
	if e, _ := again.Get(Block, "site/a"); !e.Freed {
		t.Errorf("site/a = %v, want it freed still", e)
	}

	// The same with git's markers instead of a union, with and without the base.
	for _, middle := range []string{"", "||||||| base\nblock ghost 10.0.0.0/8 @1\n"} {
		data := header + "\n<<<<<<< HEAD\n" + strings.Join(lines(left), "\n") + "\n" + middle + "=======\n" + strings.Join(lines(right), "\n") + "\n>>>>>>> right\n"
		marked, diags := Parse("l", []byte(data))
		if !Resolvable(diags) || len(diags) == 0 || diags[0].Code != CodeMarkers {
			t.Fatalf("merge with markers: %v", diags)
		}
		if got, _ := marked.Resolve(); got.Len() != 4 || len(got.Conflicts()) > 0 {
			t.Errorf("Resolve of a file with markers:\n%s", got.Marshal())
		}
	}
}

func TestRandomMergesResolve(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		base := branch(Lock{}, "a", "b", "c", "d")
		sides := [2]Lock{base, base}
		for i := range sides {
			for range 1 + r.IntN(4) {
				used := slices.DeleteFunc(usedOf(sides[i].Entries()), func(Entry) bool { return r.IntN(6) == 0 })
				sides[i], _ = sides[i].Update(used)
				sides[i] = branch(sides[i], fmt.Sprintf("n%d", r.IntN(8)))
			}
		}
		ab, diags := Parse("l", union(base, sides[0], sides[1]))
		if !Resolvable(diags) {
			t.Fatalf("merge: %v", diags)
		}
		ba, _ := Parse("l", union(base, sides[1], sides[0]))
		got, moved := ab.Resolve()
		other, _ := ba.Resolve()
		if !got.Equal(other) {
			t.Errorf("the order of the merge matters:\n%s\n%s", got.Marshal(), other.Marshal())
		}
		if (len(moved) > 0) != hasClash(ab) || hasClash(got) {
			t.Errorf("Resolve moved %v; clash before %v, after %v", moved, hasClash(ab), hasClash(got))
		}
		if again, more := got.Resolve(); len(more) > 0 || !again.Equal(got) {
			t.Errorf("a second Resolve moves %v", more)
		}
	}
}
