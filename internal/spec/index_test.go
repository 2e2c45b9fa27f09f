package spec

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const indexed = `version: 1
name: x
accounts: {p: {cloud: aws, id: "111122223333"}, g: {cloud: gcp, project: p}, d: {cloud: gcp, project: q}}
sites:
  a:
    cloud: aws
    region: r
    networks:
      ml: {size: /16, subnets: {train: {size: /20, segment: training}, data: {size: /22}}}
      old: {existing: vpc-1, cidrs: 10.1.0.0/16, subnets: {db: {cidr: 10.1.0.0/24, segment: training}}}
  g:
    cloud: gcp
    region: r
    account: g
    networks:
      ml: {size: /16, account: d, subnets: {train: {size: /20, segment: training}, same: {size: /20}}}
      same: {size: /16, subnets: {other: {size: /20}}}
      solo: {size: /16, subnets: {solo: {size: /20}}}
  hq: {cloud: onprem, cidrs: 10.200.0.0/16, public_ip: 203.0.113.10, bgp: {asn: 65010}}
segments: {training: {}, idle: {}}
connect:
  - {hub: g, spokes: [hq, a]}
  - {link: [a, g]}
`

func indexedSpec(t *testing.T) *Spec {
	t.Helper()
	s, diags := Parse([]File{{Name: "n.yaml", Data: []byte(indexed)}})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return &s
}

func TestResolve(t *testing.T) {
	x := NewIndex(indexedSpec(t))
	old := NetworkRef{0, 1}
	train, data, db := SubnetRef{0, 0, 0}, SubnetRef{0, 0, 1}, SubnetRef{0, 1, 0}
	gTrain, other, solo := SubnetRef{1, 0, 0}, SubnetRef{1, 1, 0}, SubnetRef{1, 2, 0}
	tests := []struct {
		ref  string
		want Target
		err  string // summary, and hint after " | "
	}{
		{ref: "internet", want: Target{Internet: true}},
		{ref: "10.1.0.0/16", want: Target{Prefixes: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}},
		{ref: "192.0.2.1", want: Target{Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}}},
		{ref: "training", want: Target{Segment: "training", Subnets: []SubnetRef{train, db, gTrain}}},
		{ref: "idle", want: Target{Segment: "idle"}},
		{ref: "a:training", want: Target{Segment: "training", Subnets: []SubnetRef{train, db}}},
		{ref: "a", want: Target{Subnets: []SubnetRef{train, data, db}, Networks: []NetworkRef{old}}},
		{ref: "hq", want: Target{Sites: []int{2}}},
		{ref: "a/ml/data", want: Target{Subnets: []SubnetRef{data}}},
		{ref: "a/ml", want: Target{Subnets: []SubnetRef{train, data}}},
		{ref: "a/data", want: Target{Subnets: []SubnetRef{data}}},
		{ref: "ml/data", want: Target{Subnets: []SubnetRef{data}}},
		{ref: "data", want: Target{Subnets: []SubnetRef{data}}},
		{ref: "old", want: Target{Subnets: []SubnetRef{db}, Networks: []NetworkRef{old}}},
		{ref: "other", want: Target{Subnets: []SubnetRef{other}}},
		{ref: "solo", want: Target{Subnets: []SubnetRef{solo}}},
		{ref: "g/solo", want: Target{Subnets: []SubnetRef{solo}}},
		{ref: "train", err: `"train" may mean more than one thing | write which: a/ml/train, g/ml/train`},
		{ref: "ml/train", err: `"ml/train" may mean more than one thing | write which: a/ml/train, g/ml/train`},
		{ref: "g/same", err: `"g/same" may mean more than one thing | write which: g/same, g/ml/same`},
		{ref: "hq:training", err: `site "hq" has no subnet of segment "training" | none of its subnets is in a segment`},
		{ref: "a/ml/trian", err: `network "ml" of site "a" has no subnet "trian" | did you mean "train"?`},
	}
	for _, tt := range tests {
		ref, err := ParseRef(tt.ref)
		if err != nil {
			t.Errorf("ParseRef(%q) fails: %v", tt.ref, err)
			continue
		}
		if got := ref.String(); got != tt.ref && ref.Kind != RefCIDR {
			t.Errorf("ParseRef(%q).String() = %q", tt.ref, got)
		}
		got, refErr := x.Resolve(ref)
		gotErr := ""
		if refErr != nil {
			gotErr = refErr.Summary + " | " + refErr.Hint
		}
		if gotErr != tt.err {
			t.Errorf("Resolve(%s) error = %q, want %q", tt.ref, gotErr, tt.err)
		}
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Errorf("Resolve(%s) (-want +got):\n%s", tt.ref, diff)
		}
	}
}

func TestPairsAndAccounts(t *testing.T) {
	x := NewIndex(indexedSpec(t))
	want := []Pair{{A: 0, B: 1, Entries: []int{0, 1}}, {A: 1, B: 2, Entries: []int{0}}}
	if diff := cmp.Diff(want, x.Pairs()); diff != "" {
		t.Errorf("Pairs() (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		ref  NetworkRef
		want int
		ok   bool
	}{{NetworkRef{0, 0}, 0, true}, {NetworkRef{1, 0}, 2, true}, {NetworkRef{1, 1}, 1, true}} {
		if got, ok := x.NetworkAccount(tt.ref); got != tt.want || ok != tt.ok {
			t.Errorf("NetworkAccount(%v) = %d, %v, want %d, %v", tt.ref, got, ok, tt.want, tt.ok)
		}
	}
}

// TestResolveAgainstNaive compares paths with parts left out, on random specs,
// with a walk over everything: a path means each thing of whose full name it
// is what remains when parts are left out.
func TestResolveAgainstNaive(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	names := []string{"p", "q", "r", "s"}
	for range 300 {
		s := randomSpec(rng, names)
		x := NewIndex(&s)
		for range 20 {
			parts := make([]string, 2)
			for i := range parts {
				parts[i] = names[rng.IntN(len(names))]
			}
			ref, err := ParseRef(strings.Join(parts, "/"))
			if err != nil {
				t.Fatal(err)
			}
			want := naive(&s, parts)
			got, refErr := x.Resolve(ref)
			switch {
			case len(want) != 1 && refErr == nil:
				t.Errorf("Resolve(%s) = %v, want an error for %d meanings in %s", ref, got, len(want), show(&s))
			case len(want) == 1 && (refErr != nil || !slices.Equal(got.Subnets, want[0])):
				t.Errorf("Resolve(%s) = %v, %v, want %v in %s", ref, got.Subnets, refErr, want[0], show(&s))
			}
		}
	}
}

func randomSpec(rng *rand.Rand, names []string) Spec {
	var s Spec
	for _, i := range rng.Perm(len(names))[:1+rng.IntN(2)] {
		site := Site{Name: names[i]}
		for _, j := range rng.Perm(len(names))[:rng.IntN(3)] {
			n := Network{Name: names[j]}
			for _, k := range rng.Perm(len(names))[:rng.IntN(3)] {
				n.Subnets = append(n.Subnets, Subnet{Name: names[k]})
			}
			site.Networks = append(site.Networks, n)
		}
		s.Sites = append(s.Sites, site)
	}
	return s
}

// naive lists the different sets of subnets that two names may mean.
func naive(s *Spec, p []string) [][]SubnetRef {
	var out [][]SubnetRef
	add := func(subnets []SubnetRef) {
		if !slices.ContainsFunc(out, func(o []SubnetRef) bool { return slices.Equal(o, subnets) }) {
			out = append(out, subnets)
		}
	}
	for i, site := range s.Sites {
		for j, n := range site.Networks {
			all := []SubnetRef{}
			for k, sub := range n.Subnets {
				all = append(all, SubnetRef{i, j, k})
				if sub.Name == p[1] && (site.Name == p[0] || n.Name == p[0]) {
					add([]SubnetRef{{i, j, k}})
				}
			}
			if site.Name == p[0] && n.Name == p[1] {
				add(all)
			}
		}
	}
	return out
}

func show(s *Spec) string {
	var b strings.Builder
	for _, site := range s.Sites {
		for _, n := range site.Networks {
			for _, sub := range n.Subnets {
				fmt.Fprintf(&b, "%s/%s/%s ", site.Name, n.Name, sub.Name)
			}
		}
	}
	return b.String()
}
