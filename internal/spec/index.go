package spec

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/vocab"
)

// NetworkRef names a network: indexes into Spec.Sites and Site.Networks.
type NetworkRef struct{ Site, Network int }

// SubnetRef names a subnet: indexes into Spec.Sites, Site.Networks and
// Network.Subnets.
type SubnetRef struct{ Site, Network, Subnet int }

// Target is what a [Ref] means. The slices are shared: they are not to be
// changed.
type Target struct {
	Segment  string         // the segment that is meant, whole or in one site
	Subnets  []SubnetRef    // in the order of the spec
	Networks []NetworkRef   // existing networks meant whole, by their CIDRs; their listed subnets are in Subnets too
	Sites    []int          // sites of one's own, by their CIDRs
	Prefixes []netip.Prefix // a CIDR
	Internet bool
}

// IsEmpty reports whether nothing is meant: a segment without subnets.
func (t Target) IsEmpty() bool {
	return len(t.Subnets) == 0 && len(t.Networks) == 0 && len(t.Sites) == 0 && len(t.Prefixes) == 0 && !t.Internet
}

// RefError says why a reference means nothing, or more than one thing.
type RefError struct{ Summary, Hint string }

// Error gives the summary.
func (e *RefError) Error() string { return e.Summary }

// Pair is two sites that the spec joins, and the entries of Spec.Connect that
// join them. A is before B in Spec.Sites.
type Pair struct {
	A, B    int
	Entries []int
}

// Index finds the things of a spec by name. It is built once and holds the
// spec, which may not change after.
type Index struct {
	spec      *Spec
	sites     map[string]int
	accounts  map[string]int
	byCloud   map[vocab.Cloud][]int // accounts
	segments  map[string]int
	bySegment map[string][]SubnetRef
	bySubnet  map[string][]SubnetRef
	byNetwork map[string][]NetworkRef
	siteNames []string
	segNames  []string
}

// NewIndex indexes s. Of things with the same name the first counts.
func NewIndex(s *Spec) *Index {
	x := &Index{
		spec: s, sites: make(map[string]int, len(s.Sites)), accounts: map[string]int{}, byCloud: map[vocab.Cloud][]int{}, segments: map[string]int{},
		bySegment: map[string][]SubnetRef{}, bySubnet: map[string][]SubnetRef{}, byNetwork: map[string][]NetworkRef{},
	}
	for i := range s.Accounts {
		putFirst(x.accounts, s.Accounts[i].Name, i)
		x.byCloud[s.Accounts[i].Cloud.V] = append(x.byCloud[s.Accounts[i].Cloud.V], i)
	}
	for i := range s.Segments {
		putFirst(x.segments, s.Segments[i].Name, i)
		x.segNames = append(x.segNames, s.Segments[i].Name)
	}
	for i := range s.Sites {
		putFirst(x.sites, s.Sites[i].Name, i)
		x.siteNames = append(x.siteNames, s.Sites[i].Name)
		for j := range s.Sites[i].Networks {
			n := &s.Sites[i].Networks[j]
			x.byNetwork[n.Name] = append(x.byNetwork[n.Name], NetworkRef{i, j})
			for k := range n.Subnets {
				ref := SubnetRef{i, j, k}
				x.bySubnet[n.Subnets[k].Name] = append(x.bySubnet[n.Subnets[k].Name], ref)
				if seg := n.Subnets[k].Segment.V; seg != "" {
					x.bySegment[seg] = append(x.bySegment[seg], ref)
				}
			}
		}
	}
	return x
}

func putFirst(m map[string]int, name string, i int) {
	if _, ok := m[name]; !ok {
		m[name] = i
	}
}

// Site returns the index in Spec.Sites of the site with the name.
func (x *Index) Site(name string) (int, bool) { i, ok := x.sites[name]; return i, ok }

// Account returns the index in Spec.Accounts of the account with the name.
func (x *Index) Account(name string) (int, bool) { i, ok := x.accounts[name]; return i, ok }

// Segment returns the index in Spec.Segments of the segment with the name.
func (x *Index) Segment(name string) (int, bool) { i, ok := x.segments[name]; return i, ok }

// SiteAccount returns the index in Spec.Accounts of the account that holds a
// site's resources: the one it names, or the only one of its cloud. False
// where there is none, or more than one.
func (x *Index) SiteAccount(site int) (int, bool) {
	s := &x.spec.Sites[site]
	if s.Account.IsSet() {
		return x.Account(s.Account.V)
	}
	of := x.byCloud[s.Cloud.V]
	if len(of) != 1 {
		return 0, false
	}
	return of[0], true
}

// NetworkAccount returns the index in Spec.Accounts of the account that holds
// a network: its own, or its site's.
func (x *Index) NetworkAccount(r NetworkRef) (int, bool) {
	n := &x.spec.Sites[r.Site].Networks[r.Network]
	if n.Account.IsSet() {
		return x.Account(n.Account.V)
	}
	return x.SiteAccount(r.Site)
}

func (x *Index) accountsOf(c vocab.Cloud) []string {
	var out []string
	for _, i := range x.byCloud[c] {
		out = append(out, x.spec.Accounts[i].Name)
	}
	return out
}

// maxMesh is the most sites of one mesh; more would be over 20,000 links.
const maxMesh = 200

// Pairs lists the pairs of sites that the spec joins, by their sites' order
// in the spec. Names that no site has are passed over.
func (x *Index) Pairs() []Pair {
	at := map[[2]int]int{}
	var out []Pair
	add := func(entry int, a, b string) {
		i, ok1 := x.sites[a]
		j, ok2 := x.sites[b]
		if !ok1 || !ok2 || i == j {
			return
		}
		key := [2]int{min(i, j), max(i, j)}
		n, ok := at[key]
		if !ok {
			n = len(out)
			at[key] = n
			out = append(out, Pair{A: key[0], B: key[1]})
		}
		if e := out[n].Entries; len(e) == 0 || e[len(e)-1] != entry {
			out[n].Entries = append(e, entry)
		}
	}
	for e := range x.spec.Connect {
		c := &x.spec.Connect[e]
		for i := range c.Mesh {
			if len(c.Mesh) > maxMesh {
				break // refused
			}
			for j := range i {
				add(e, c.Mesh[j].V, c.Mesh[i].V)
			}
		}
		if len(c.Link) == 2 {
			add(e, c.Link[0].V, c.Link[1].V)
		}
		for _, s := range c.Spokes {
			add(e, c.Hub.V, s.V)
		}
	}
	slices.SortFunc(out, func(p, q Pair) int {
		if p.A != q.A {
			return p.A - q.A
		}
		return p.B - q.B
	})
	return out
}
