package compile_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

// sketch is a random network before it is written down.
type sketch struct {
	sites   []sketchSite
	connect []string
	segment bool
}

type sketchSite struct {
	name, cloud, region string
	was                 string
	networks            []sketchNetwork
}

type sketchNetwork struct {
	name    string
	size    int
	subnets []int
}

var regionsOf = map[string][]string{
	"aws":   {"us-west-2", "us-east-1", "eu-west-1", "eu-central-1"},
	"gcp":   {"us-west1", "us-east4", "europe-west1", "europe-west3"},
	"azure": {"westus2", "eastus", "northeurope", "germanywestcentral"},
}

func random(r *rand.Rand) sketch {
	s := sketch{segment: r.IntN(2) == 0}
	var names []string
	for _, cloud := range []string{"aws", "gcp", "azure"} {
		for i := range 1 + r.IntN(3) {
			st := sketchSite{name: fmt.Sprintf("%s-%d", cloud, i), cloud: cloud, region: regionsOf[cloud][i]}
			for n := range 1 + r.IntN(3) {
				st.networks = append(st.networks, randomNetwork(r, fmt.Sprintf("n%d-%d", i, n)))
			}
			s.sites = append(s.sites, st)
			names = append(names, st.name)
		}
	}
	s.connect = names
	return s
}

func randomNetwork(r *rand.Rand, name string) sketchNetwork {
	n := sketchNetwork{name: name, size: 16 + r.IntN(5)}
	for range 1 + r.IntN(4) {
		n.subnets = append(n.subnets, n.size+3+r.IntN(4))
	}
	return n
}

func (s sketch) String() string {
	var b strings.Builder
	b.WriteString("version: 1\nname: random\naccounts:\n  a: {cloud: aws, id: \"111122223333\"}\n  g: {cloud: gcp, project: random-net}\n  z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}\nsites:\n")
	for _, st := range s.sites {
		fmt.Fprintf(&b, "  %s:\n    cloud: %s\n    region: %s\n", st.name, st.cloud, st.region)
		if st.was != "" {
			fmt.Fprintf(&b, "    was: %s\n", st.was)
		}
		b.WriteString("    networks:\n")
		for _, n := range st.networks {
			fmt.Fprintf(&b, "      %s: {size: /%d, subnets: {", n.name, n.size)
			for i, l := range n.subnets {
				if i > 0 {
					b.WriteString(", ")
				}
				fmt.Fprintf(&b, "s%d: {size: /%d", i, l)
				if s.segment {
					fmt.Fprintf(&b, ", segment: seg%d", i%2)
				}
				b.WriteString("}")
			}
			b.WriteString("}}\n")
		}
	}
	fmt.Fprintf(&b, "connect:\n  - mesh: [%s]\n", strings.Join(s.connect, ", "))
	if s.segment {
		b.WriteString("segments: {seg0: {}, seg1: {}}\npolicy:\n  - {from: seg0, to: seg1, ports: [tcp/443]}\n")
	}
	return b.String()
}

func compileText(t *testing.T, text string, l lock.Lock) compile.Result {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(text)}})
	if diags.HasErrors() {
		t.Fatalf("Parse:\n%s\n%s", diags, text)
	}
	r := compile.Compile(&s, l, atlas.Default())
	if r.Diags.HasErrors() {
		t.Fatalf("Compile:\n%s\n%s", r.Diags, text)
	}
	return r
}

// TestInvariants holds random networks, and random edits of them, against
// what must be true of every design.
func TestInvariants(t *testing.T) {
	n := 60
	if testing.Short() {
		n = 10
	}
	for seed := range uint64(n) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := random(r)
		first := compileText(t, s.String(), lock.Lock{})
		checkAddresses(t, first.Network)
		checkNumbers(t, first.Network)
		again := compileText(t, s.String(), lock.Lock{})
		if a, b := mustJSON(t, first.Network), mustJSON(t, again.Network); a != b {
			t.Fatalf("seed %d: compiling twice differs:\n%s", seed, cmp.Diff(a, b))
		}
		shuffled := s
		shuffled.sites = slices.Clone(s.sites)
		r.Shuffle(len(shuffled.sites), func(i, j int) {
			shuffled.sites[i], shuffled.sites[j] = shuffled.sites[j], shuffled.sites[i]
		})
		if d := cmp.Diff(string(first.Lock.Marshal()), string(compileText(t, shuffled.String(), lock.Lock{}).Lock.Marshal())); d != "" {
			t.Fatalf("seed %d: the order of sites in the spec changes allocations:\n%s", seed, d)
		}
		checkEdits(t, r, s, first, seed)
	}
}

// checkEdits adds, removes and renames one thing: nothing else may move.
func checkEdits(t *testing.T, r *rand.Rand, s sketch, first compile.Result, seed uint64) {
	t.Helper()
	l, err := lock.Parse("tieline.lock", first.Lock.Marshal())
	if err.HasErrors() {
		t.Fatalf("seed %d: own lock does not parse:\n%s", seed, err)
	}
	edit := s
	edit.sites = slices.Clone(s.sites)
	i := r.IntN(len(edit.sites))
	st := edit.sites[i]
	st.networks = slices.Clone(st.networks)
	switch r.IntN(4) {
	case 0:
		st.networks = append(st.networks, randomNetwork(r, "added"))
		edit.sites[i] = st
	case 1:
		if len(st.networks) == 1 {
			return
		}
		st.networks = st.networks[1:]
		edit.sites[i] = st
	case 2:
		cloud := st.cloud
		edit.sites = append(edit.sites, sketchSite{name: cloud + "-new", cloud: cloud, region: regionsOf[cloud][3], networks: []sketchNetwork{randomNetwork(r, "fresh")}})
		edit.connect = append(slices.Clone(edit.connect), cloud+"-new")
	case 3:
		st.was, st.name = st.name, "renamed"
		edit.sites[i] = st
		edit.connect = slices.Clone(edit.connect)
		edit.connect[slices.Index(edit.connect, st.was)] = "renamed"
		after := compileText(t, edit.String(), l)
		checkDiff(t, l, after, seed)
		before := prefixes(first.Network)
		slices.Sort(before)
		got := prefixes(after.Network)
		slices.Sort(got)
		if d := cmp.Diff(before, got); d != "" {
			t.Fatalf("seed %d: renaming a site moved something:\n%s", seed, d)
		}
		return
	}
	after := compileText(t, edit.String(), l)
	checkDiff(t, l, after, seed)
	checkAddresses(t, after.Network)
	checkNumbers(t, after.Network)
	for _, e := range l.Entries() {
		if got, ok := after.Lock.Get(e.Kind, e.Key); !ok || got.Value() != e.Value() {
			t.Errorf("seed %d: after an unrelated edit %v %s = %s, was %s", seed, e.Kind, e.Key, got.Value(), e.Value())
		}
	}
}

// checkDiff applies the changes that a plan shows to the lock before it, the
// naive way: the lock after it must come out.
func checkDiff(t *testing.T, before lock.Lock, after compile.Result, seed uint64) {
	t.Helper()
	type key struct {
		kind lock.Kind
		key  string
	}
	at := func(e lock.Entry) key { return key{e.Kind, e.Key} }
	entries := map[key]lock.Entry{}
	for _, e := range before.Entries() {
		entries[at(e)] = e
	}
	c := after.Changes
	for _, e := range c.Removed {
		delete(entries, at(e))
	}
	for _, x := range c.Renamed {
		delete(entries, at(x.From))
	}
	for _, list := range [][]lock.Change{c.Renamed, c.Moved, c.Rescoped} {
		for _, x := range list {
			entries[at(x.To)] = x.To
		}
	}
	for _, list := range [][]lock.Entry{c.Added, c.Restored, c.Freed} {
		for _, e := range list {
			entries[at(e)] = e
		}
	}
	var all []lock.Entry
	for _, e := range entries {
		all = append(all, e)
	}
	if d := cmp.Diff(string(after.Lock.Marshal()), string(lock.New(all...).Marshal())); d != "" {
		t.Fatalf("seed %d: the changes applied to the old lock do not give the new one (-new +applied):\n%s", seed, d)
	}
}

func prefixes(n *fabric.Network) []string {
	var out []string
	for _, s := range n.Subnets {
		out = append(out, s.Prefix.String())
	}
	for _, t := range n.Tunnels {
		out = append(out, t.Inside.String())
	}
	for _, g := range n.Gateways {
		out = append(out, g.ASN.String())
	}
	return out
}

// checkAddresses compares all with all: the naive way.
func checkAddresses(t *testing.T, n *fabric.Network) {
	t.Helper()
	for i, s := range n.Subnets {
		v, _ := n.VPC(s.VPC)
		if !slices.ContainsFunc(v.Prefixes, func(p netip.Prefix) bool { return p.Contains(s.Prefix.Addr()) && p.Bits() <= s.Prefix.Bits() }) {
			t.Errorf("subnet %s %s is outside its VPC %v", s.ID, s.Prefix, v.Prefixes)
		}
		for _, o := range n.Subnets[i+1:] {
			if s.Prefix.Overlaps(o.Prefix) {
				t.Errorf("subnets %s %s and %s %s overlap", s.ID, s.Prefix, o.ID, o.Prefix)
			}
		}
		for k, p := range s.Parts {
			if !s.Prefix.Contains(p.Prefix.Addr()) {
				t.Errorf("part %s of %s is outside it", p.Prefix, s.ID)
			}
			for _, q := range s.Parts[k+1:] {
				if p.Prefix.Overlaps(q.Prefix) {
					t.Errorf("parts of %s overlap", s.ID)
				}
			}
		}
	}
	for i, v := range n.VPCs {
		for _, w := range n.VPCs[i+1:] {
			for _, p := range v.Prefixes {
				for _, q := range w.Prefixes {
					if p.Overlaps(q) {
						t.Errorf("VPCs %s %s and %s %s overlap", v.ID, p, w.ID, q)
					}
				}
			}
		}
	}
}

// checkNumbers: AS numbers differ where they can, inside addresses at every
// gateway, and both ends of a tunnel are in its /30.
func checkNumbers(t *testing.T, n *fabric.Network) {
	t.Helper()
	asns := map[string]fabric.GatewayID{}
	for _, g := range n.Gateways {
		if g.Kind == fabric.VirtualHub {
			continue // fixed by Azure
		}
		if other, ok := asns[g.ASN.String()]; ok {
			t.Errorf("gateways %s and %s both have AS number %s", g.ID, other, g.ASN)
		}
		asns[g.ASN.String()] = g.ID
	}
	seen := map[string]fabric.TunnelID{}
	for _, tn := range n.Tunnels {
		for _, e := range tn.Ends {
			scope := string(e.Gateway)
			if g, _ := n.Gateway(e.Gateway); g.Kind == fabric.HAVPN {
				scope = string(g.VPC)
			}
			key := scope + " " + tn.Inside.String()
			if other, ok := seen[key]; ok {
				t.Errorf("tunnels %s and %s share %s", tn.ID, other, key)
			}
			seen[key] = tn.ID
			if !tn.Inside.Contains(e.Inside) || e.Inside == tn.Inside.Addr() {
				t.Errorf("tunnel %s: end %s is not usable in %s", tn.ID, e.Inside, tn.Inside)
			}
		}
		if tn.Ends[0].Inside == tn.Ends[1].Inside {
			t.Errorf("tunnel %s: both ends have %s", tn.ID, tn.Ends[0].Inside)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReasonsNameFacts: every fact that a reason rests on is in the atlas.
func TestReasonsNameFacts(t *testing.T) {
	for seed := range uint64(20) {
		r := compileText(t, random(rand.New(rand.NewPCG(seed, 2))).String(), lock.Lock{})
		for _, x := range r.Network.Reasons {
			for _, step := range x.Steps {
				for _, f := range step.Facts {
					if _, ok := atlas.Default().Fact(f); !ok {
						t.Errorf("%s %s: no fact %q in the atlas", x.Object, x.Field, f)
					}
				}
			}
		}
	}
}
