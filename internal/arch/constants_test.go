package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/vocab"
)

// shown are the constants that may stand outside the atlas: each is an
// example in a text for people, by file.
var shown = map[string][]string{
	"cli/cli.go":                 {"us-west-2", "us-west1"},
	"cli/init.go":                {"us-west-2", "us-west1"},
	"cli/why.go":                 {"64512"},
	"lock/parse.go":              {"us-west-2"},
	"render/terraform/module.go": {"us-east-1"}, // the backend that a comment proposes
	"spec/init.go":               {"us-west-2", "us-west1", "westus2"},
}

// TestConstantsOfCloudsAreInTheAtlas finds the constants of clouds that can be
// told by their looks (regions, sizes, ranges, AS numbers) in the literals of
// all code but the atlas and the test kit. Struct tags and comments may name
// them.
func TestConstantsOfCloudsAreInTheAtlas(t *testing.T) {
	known := newConstants(atlas.Default())
	used := map[string][]string{}
	files := 0
	for _, root := range []string{filepath.Join("..", "..", "cmd"), ".."} {
		walkSources(t, root, parser.SkipObjectResolution, func(path string, fset *token.FileSet, f *ast.File) {
			name, err := filepath.Rel("..", path)
			if err != nil {
				t.Fatal(err)
			}
			name = filepath.ToSlash(name)
			if strings.HasPrefix(name, "atlas/") || strings.HasPrefix(name, "testkit/") {
				return
			}
			files++
			for _, lit := range literals(f) {
				for _, c := range known.in(t, lit) {
					if slices.Contains(shown[name], c) {
						used[name] = append(used[name], c)
						continue
					}
					t.Errorf("%s: %s is a cloud's own: ask the atlas for it", fset.Position(lit.Pos()), c)
				}
			}
		})
	}
	if files < 50 {
		t.Fatalf("looked at %d files, want the project", files)
	}
	for name, list := range shown {
		for _, c := range list {
			if !slices.Contains(used[name], c) {
				t.Errorf("internal/%s no longer shows %s: drop it from the list", name, c)
			}
		}
	}
}

// TestConstantsAreFound keeps the test above from going blind.
func TestConstantsAreFound(t *testing.T) {
	tests := []struct {
		name, expr string
		want       []string
	}{
		{"region", `"us-west-2"`, []string{"us-west-2"}},
		{"region in a text", "`zone us-west1-a of us-west1, eastus`", []string{"us-west1", "eastus"}},
		{"size", `"VpnGw2AZ"`, []string{"VpnGw2AZ"}},
		{"size that is a word", `"large"`, []string{"large"}},
		{"size that is a word in a text", `"a large one"`, nil},
		{"tunnel range", `"169.254.21.0/30"`, []string{"169.254.21.0/30"}},
		{"resolver", `"to 168.63.129.16."`, []string{"168.63.129.16"}},
		{"private access", `"199.36.153.8/30"`, []string{"199.36.153.8/30"}},
		{"everywhere", `"0.0.0.0/0"`, nil},
		{"private block", `"10.0.0.0/8"`, nil},
		{"AS number", `65515`, []string{"65515"}},
		{"AS number in digits of four", `4_200_000_000`, []string{"4200000000"}},
		{"AS number in a text", `"leave out 64512 to 65514"`, []string{"64512", "65514"}},
		{"AS number in a longer one", `"1645120"`, nil},
		{"code point", `0xfffe`, nil},
		{"port", `443`, nil},
		{"most ports", `65535`, nil},
	}
	known := newConstants(atlas.Default())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := parser.ParseExpr(tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			if got := known.in(t, e.(*ast.BasicLit)); !slices.Equal(got, tt.want) {
				t.Errorf("in(%s) = %v, want %v", tt.expr, got, tt.want)
			}
		})
	}
}

// constants are what the atlas holds that looks like nothing else.
type constants struct {
	words  map[string]bool // anywhere in a text
	whole  map[string]bool // as all of a text: sizes that are words of the language too
	ranges []netip.Prefix
	asns   map[uint64]bool
}

func newConstants(a *atlas.Atlas) constants {
	k := constants{words: map[string]bool{}, whole: map[string]bool{}, asns: map[uint64]bool{}}
	for _, c := range vocab.Clouds {
		for _, r := range a.Regions(c) {
			k.words[r.Name] = true
		}
		for _, s := range a.SKUs(c, atlas.SKUGateway) {
			k.words[s.Name] = s.Name != "Basic"
		}
		for _, s := range a.SKUs(c, atlas.SKUExpressRoute) {
			k.words[s.Name] = true
		}
		for _, kind := range []atlas.SKUKind{atlas.SKUTunnel, atlas.SKUHub} {
			for _, s := range a.SKUs(c, kind) {
				k.whole[s.Name] = true
			}
		}
		pools, _ := a.TunnelPools(c, c)
		for _, r := range pools {
			k.ranges = append(k.ranges, r.Prefix)
		}
		for _, r := range a.Addresses(c).Refused {
			if r.Prefix.Bits() > 8 { // not those of RFC 6890: loopback, multicast
				k.ranges = append(k.ranges, r.Prefix)
			}
		}
		for _, s := range a.Services(c) {
			k.ranges = append(k.ranges, s.Ranges...)
		}
		rules := a.ASNs(c)
		if rules.Default != 0 {
			k.asns[uint64(rules.Default)] = true
		}
		k.bounds(rules.Usable)
		k.bounds(rules.PeerRefused)
	}
	short, long, _ := a.ASNPool()
	k.bounds(short)
	k.bounds(long)
	delete(k.asns, 1<<16-1) // the highest port too
	delete(k.asns, 1<<32-1)
	return k
}

func (k constants) bounds(rs atlas.ASNRanges) {
	for _, r := range rs {
		k.asns[uint64(r.First)], k.asns[uint64(r.Last)] = true, true
	}
}

var (
	words     = regexp.MustCompile(`[A-Za-z0-9-]+`)
	addresses = regexp.MustCompile(`\b[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(/[0-9]+)?`)
	digits    = regexp.MustCompile(`\b[0-9]{4,}\b`)
)

// in gives the constants that a literal holds, in order of kind and place.
func (k constants) in(t *testing.T, lit *ast.BasicLit) []string {
	t.Helper()
	var out []string
	switch lit.Kind {
	case token.INT:
		// In hexadecimal it is a mask or a code point.
		if n, err := strconv.ParseUint(strings.ReplaceAll(lit.Value, "_", ""), 10, 64); err == nil && k.asns[n] {
			out = append(out, strconv.FormatUint(n, 10))
		}
	case token.STRING:
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		if k.whole[text] {
			out = append(out, text)
		}
		for _, w := range words.FindAllString(text, -1) {
			if k.words[w] {
				out = append(out, w)
			}
		}
		for _, w := range addresses.FindAllString(text, -1) {
			if k.ranged(w) {
				out = append(out, w)
			}
		}
		for _, w := range digits.FindAllString(text, -1) {
			if n, err := strconv.ParseUint(w, 10, 64); err == nil && k.asns[n] {
				out = append(out, w)
			}
		}
	}
	return out
}

func (k constants) ranged(s string) bool {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	return slices.ContainsFunc(k.ranges, func(r netip.Prefix) bool { return r.Bits() <= p.Bits() && r.Contains(p.Addr()) })
}

// literals gives the literals of a file but its imports and struct tags.
func literals(f *ast.File) []*ast.BasicLit {
	var out []*ast.BasicLit
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			n.Tag = nil
		case *ast.BasicLit:
			out = append(out, n)
		}
		return true
	})
	return out
}
