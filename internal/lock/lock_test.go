package lock

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// parse reads lines, without the header, and fails on any diagnostic.
func parse(t *testing.T, lines ...string) Lock {
	t.Helper()
	l, diags := Parse("tieline.lock", file(lines...))
	if len(diags) > 0 {
		t.Fatalf("Parse(%q): %v", lines, diags)
	}
	return l
}

// parseAny reads lines that may be in conflict.
func parseAny(t *testing.T, lines ...string) Lock {
	t.Helper()
	l, diags := Parse("tieline.lock", file(lines...))
	if !Resolvable(diags) {
		t.Fatalf("Parse(%q): %v", lines, diags)
	}
	return l
}

func file(lines ...string) []byte {
	return []byte(header + "\n" + strings.Join(append(lines, ""), "\n"))
}

// lines gives the entries of l as written.
func lines(l Lock) []string {
	out := strings.Split(strings.TrimSuffix(string(l.Marshal()), "\n"), "\n")
	return out[1:]
}

func block(key, p string) Entry {
	return Entry{Kind: Block, Key: key, Prefix: netip.MustParsePrefix(p)}
}

func asn(key string, n uint32) Entry { return Entry{Kind: ASN, Key: key, ASN: vocab.ASN(n)} }

func TestRoundTrip(t *testing.T) {
	want := []string{
		"asn aws/us-west-2/a 64512 @1",
		"block aws 10.0.0.0/9 @1",
		"block aws/us-west-2 10.0.0.0/14 @1",
		"block aws/us-west-2/a/ml 10.0.0.0/16 @1",
		"block aws/us-west-2/a/ml/data 10.0.0.0/16 @3",
		"block aws/us-west-2/a/ml~1 10.2.0.0/16 @1 freed",
		"block aws/us-west-2/a/old 10.1.0.0/16 @2 freed",
		"block gcp fd00:1::/48 @4",
		"inside link/a+b/1 169.254.21.0/30 @2 in=a/vpn,b/vpn",
		"inside link/c+d/1 169.254.21.0/30 @2 in=c/vpn,d/vpn freed",
		"number gateway/a/1 100 @1",
		"number gateway/b/1 100 @1",
	}
	l := parse(t, want...)
	if diff := cmp.Diff(want, lines(l)); diff != "" {
		t.Errorf("Marshal after Parse: (-want +got)\n%s", diff)
	}
	reversed := make([]string, len(want))
	for i, s := range want {
		reversed[len(want)-1-i] = strings.ReplaceAll(s, " ", "  ") + "\r"
	}
	if m := parse(t, reversed...); !m.Equal(l) {
		t.Errorf("order and blanks matter: %v, want %v", lines(m), want)
	}
	if e, ok := l.Get(Inside, "link/a+b/1"); !ok || e.Pos != (diag.Pos{File: "tieline.lock", Line: 10, Col: 1}) {
		t.Errorf("Get(link/a+b/1) = %v at %v, %v, want it at line 10", e, e.Pos, ok)
	}
	empty, diags := Parse("tieline.lock", nil)
	if len(diags) > 0 || !empty.Equal(Lock{}) {
		t.Errorf("Parse of nothing = %v, %v, want an empty lock", lines(empty), diags)
	}
	if m := parse(t); !m.Equal(Lock{}) || string(Lock{}.Marshal()) != header+"\n" {
		t.Errorf("the zero lock marshals to %q", Lock{}.Marshal())
	}
}

func TestLookups(t *testing.T) {
	l := parse(t,
		"asn a 64512 @1",
		"block a 10.0.0.0/16 @1",
		"block a-b 10.1.0.0/16 @1",
		"block a/x 10.0.0.0/24 @1",
		"block a/y 10.0.1.0/24 @1 freed",
		"block a/y/z 10.0.1.0/25 @1 freed",
		"block b 10.9.0.0/16 @1 freed",
		"inside t 169.254.21.4/30 @1",
		"number g/1 7 @1",
	)
	if p, ok := l.Block("a/y"); !ok || p.String() != "10.0.1.0/24" {
		t.Errorf("Block(a/y) = %v, %v, want the freed block back", p, ok)
	}
	if p, ok := l.Block("a/"); ok {
		t.Errorf("Block(a/) = %v, want none", p)
	}
	if n, ok := l.ASN("a"); !ok || n != 64512 {
		t.Errorf("ASN(a) = %v, %v, want 64512", n, ok)
	}
	if p, ok := l.Inside("t"); !ok || p.String() != "169.254.21.4/30" {
		t.Errorf("Inside(t) = %v, %v", p, ok)
	}
	if n, ok := l.Number("g/1"); !ok || n != 7 {
		t.Errorf("Number(g/1) = %v, %v, want 7", n, ok)
	}
	if _, ok := (Lock{}).Number("g/1"); ok {
		t.Error("the zero lock has a number")
	}
	var under []string
	for _, e := range l.Under(Block, "a") {
		under = append(under, e.Key)
	}
	if diff := cmp.Diff([]string{"a/x", "a/y", "a/y/z"}, under); diff != "" {
		t.Errorf("Under(a): (-want +got)\n%s", diff)
	}
	if got := len(l.OfKind(Block)); got != 6 {
		t.Errorf("OfKind(Block) has %d entries, want 6", got)
	}
	for _, tt := range []struct{ key, want string }{
		{"new", "10.0.1.0/24,10.9.0.0/16"},
		{"a/new", "10.0.1.0/24,10.9.0.0/16"},
		{"a/y", "10.9.0.0/16"},
		{"a/y/new", "10.0.1.0/25,10.9.0.0/16"},
		{"b/new", "10.0.1.0/24"},
	} {
		if got := l.Held(tt.key).String(); got != tt.want {
			t.Errorf("Held(%s) = %s, want %s", tt.key, got, tt.want)
		}
	}
}

func TestFreedIsNotReused(t *testing.T) {
	l := parse(t, "block a 10.0.0.0/24 @1", "block b 10.0.1.0/24 @1")
	l, _ = l.Update([]Entry{block("b", "10.0.1.0/24")})
	pool := prefix.FromPrefixes(netip.MustParsePrefix("10.0.0.0/22"))
	allocate := func(l Lock, key string) netip.Prefix {
		b, _ := l.Block("b")
		p, _ := prefix.NewAllocator(pool, l.Held(key).Union(prefix.FromPrefixes(b))).Allocate(24)
		return p
	}
	if got := allocate(l, "c"); got.String() != "10.0.2.0/24" {
		t.Errorf("c got %v while a's block is freed, want 10.0.2.0/24", got)
	}
	l, released, unknown := l.Release("a", "b", "nothing")
	if len(released) != 1 || released[0].Key != "a" {
		t.Errorf("Release(a, b) released %v, want a alone", released)
	}
	if diff := cmp.Diff([]string{"b", "nothing"}, unknown); diff != "" {
		t.Errorf("Release: unknown (-want +got)\n%s", diff)
	}
	if got := allocate(l, "c"); got.String() != "10.0.0.0/24" {
		t.Errorf("c got %v after the release, want 10.0.0.0/24", got)
	}
}

func TestKinds(t *testing.T) {
	for k := ASN; k <= Number; k++ {
		if got, err := ParseKind(k.String()); err != nil || got != k {
			t.Errorf("ParseKind(%q) = %v, %v, want %v", k.String(), got, err, k)
		}
	}
	if _, err := ParseKind(""); err == nil {
		t.Error(`ParseKind("") was accepted`)
	}
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name  string
		entry Entry
		want  string // "" when valid
	}{
		{"valid", block("a/b~c", "10.0.0.0/8"), ""},
		{"no kind", Entry{Key: "a"}, "no kind"},
		{"no key", block("", "10.0.0.0/8"), "empty"},
		{"space", block("a b", "10.0.0.0/8"), "character"},
		{"comma", block("a,b", "10.0.0.0/8"), "character"},
		{"slashes", block("a//b", "10.0.0.0/8"), "empty name"},
		{"deep", block(strings.Repeat("a/", 16)+"a", "10.0.0.0/8"), "more than 16"},
		{"long", block(strings.Repeat("a", 513), "10.0.0.0/8"), "longer"},
		{"leftover in use", block("a~2", "10.0.0.0/8"), "freed"},
		{"host bits", block("a", "10.0.0.1/8"), "invalid prefix"},
		{"no prefix", Entry{Kind: Block, Key: "a"}, "invalid prefix"},
		{"no asn", Entry{Kind: ASN, Key: "a"}, "no number"},
		{"negative", Entry{Kind: Number, Key: "a", Number: -1}, "not from 0"},
		{"stamp", Entry{Kind: Number, Key: "a", Stamp: -1}, "stamp"},
		{"scope order", Entry{Kind: Number, Key: "a", Scope: "b,a"}, "not sorted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.entry.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate(%v) = %v, want %q", tt.entry, err, tt.want)
			}
		})
	}
}

// TestHash: equal locks have equal hashes, and every entry counts.
func TestHash(t *testing.T) {
	number := func(key string, n int) Entry { return Entry{Kind: Number, Key: key, Number: n, Stamp: 1} }
	a, b := number("site/a", 1), number("site/b", 2)
	if x, y := New(a, b).Hash(), New(b, a).Hash(); x != y || len(x) != 64 {
		t.Errorf("Hash() = %q in one order and %q in another, want 64 equal digits", x, y)
	}
	for _, l := range []Lock{New(), New(a), New(a, number("site/b", 3))} {
		if l.Hash() == New(a, b).Hash() {
			t.Errorf("Hash() of %d other entries = that of two", l.Len())
		}
	}
}
