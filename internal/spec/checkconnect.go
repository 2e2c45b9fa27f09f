package spec

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

func (c *checker) connect() {
	for i := range c.spec.Connect {
		e := &c.spec.Connect[i]
		c.connectForm(e)
		c.connectPins(e)
	}
	pairs := c.index.Pairs()
	told := map[[2]diag.Pos]bool{}
	for _, p := range pairs {
		c.pair(p, told)
	}
	c.connectedOnPrem(pairs)
}

// connectForm checks that an entry is one mesh, link or hub of known sites.
func (c *checker) connectForm(e *Connect) {
	forms := 0
	for _, pos := range []diag.Pos{posOf(e.Mesh), posOf(e.Link), e.Hub.Pos} {
		if pos.IsValid() {
			forms++
		}
	}
	switch {
	case forms == 0 && len(e.Spokes) > 0:
		c.errorf(e.Pos, "add hub: the site that the spokes are joined to", "the connect entry has spokes but no hub")
	case forms == 0:
		c.errorf(e.Pos, "add one, for example mesh: [a, b, c], link: [a, b], or hub: a with spokes: [b, c]", "the connect entry has no mesh, link or hub")
	case forms > 1:
		c.errorf(e.Pos, "divide it into several entries", "the connect entry is more than one of mesh, link and hub")
	case len(e.Mesh) > maxMesh:
		c.errorf(e.Mesh[0].Pos, "join the sites by hubs", "the mesh joins every pair of %d sites; at most %d sites are allowed", len(e.Mesh), maxMesh)
	case len(e.Mesh) == 1:
		c.errorf(e.Mesh[0].Pos, "name at least two sites", "the mesh has one site")
	case len(e.Link) > 0 && len(e.Link) != 2:
		c.errorf(e.Link[0].Pos, "name two sites, or write mesh for more", "the link has %d sites, not two", len(e.Link))
	case e.Hub.IsSet() && len(e.Spokes) == 0:
		c.errorf(e.Hub.Pos, "add spokes: the sites that are joined to the hub", "the hub has no spokes")
	case !e.Hub.IsSet() && len(e.Spokes) > 0:
		c.errorf(e.Spokes[0].Pos, "add hub, or leave out spokes", "spokes without a hub")
	}
	c.members("mesh", e.Mesh)
	if len(e.Link) == 2 && e.Link[0].V != "" && e.Link[0].V == e.Link[1].V {
		c.errorf(e.Link[1].Pos, "name two sites", "the link joins site %q to itself", e.Link[1].V)
	}
	c.members("spokes", e.Spokes)
	for _, s := range e.Spokes {
		if s.V != "" && s.V == e.Hub.V {
			c.errorf(s.Pos, "leave it out of the spokes", "the hub %q is among its own spokes", s.V)
		}
	}
	if e.Hub.IsSet() {
		c.siteRef(e.Hub)
	}
	for _, s := range e.Link {
		c.siteRef(s)
	}
}

// members checks the sites of a mesh or the spokes of a hub.
func (c *checker) members(key string, sites []Value[string]) {
	seen := make(map[string]diag.Pos, len(sites))
	for _, s := range sites {
		if s.V == "" {
			continue
		}
		if at, ok := seen[s.V]; ok {
			first(c.errorf(s.Pos, "name it once", "%s: site %q stands twice", key, s.V), at)
			continue
		}
		seen[s.V] = s.Pos
		c.siteRef(s)
	}
}

func (c *checker) siteRef(v Value[string]) {
	if v.V == "" {
		return
	}
	if _, ok := c.index.Site(v.V); ok {
		return
	}
	c.noName(v.Pos, func() *RefError { return c.index.noSite(v.V) })
}

// connectPins checks what an entry pins of its links.
func (c *checker) connectPins(e *Connect) {
	if len(e.Inside) == 0 {
		return
	}
	if len(e.Mesh) > 2 || len(e.Spokes) > 1 {
		c.errorf(e.Inside[0].Pos, "give the pair an entry of its own: link: [a, b]", "inside pins the tunnels of one pair of sites, but the entry joins more")
	}
	if e.Tunnels.V > 0 && e.Tunnels.V != len(e.Inside) {
		c.errorf(e.Inside[0].Pos, "give one prefix for each tunnel", "inside has %d prefixes, but tunnels is %d", len(e.Inside), e.Tunnels.V)
	}
	repeated(c, "inside", e.Inside)
}

// pair checks that the entries that join one pair of sites agree. An entry
// may add what another leaves open.
func (c *checker) pair(p Pair, told map[[2]diag.Pos]bool) {
	if len(p.Entries) < 2 {
		return
	}
	a := c.spec.Connect[p.Entries[0]] // with what the later entries add
	for _, n := range p.Entries[1:] {
		b := &c.spec.Connect[n]
		clash := func(key string, at, with diag.Pos) {
			if told[[2]diag.Pos{at, with}] {
				return // of another pair of the same entries
			}
			told[[2]diag.Pos{at, with}] = true
			first(c.errorf(at, "let one entry join the pair, or give the same value",
				"%s of the link between %q and %q is given twice, differently", key, c.spec.Sites[p.A].Name, c.spec.Sites[p.B].Name), with)
		}
		agree("via", &a.Via, b.Via, clash)
		agree("bandwidth", &a.Bandwidth, b.Bandwidth, clash)
		agree("tunnels", &a.Tunnels, b.Tunnels, clash)
		agree("suite.ike_encryption", &a.Suite.IKEEncryption, b.Suite.IKEEncryption, clash)
		agree("suite.prf", &a.Suite.PRF, b.Suite.PRF, clash)
		agree("suite.ike_group", &a.Suite.IKEGroup, b.Suite.IKEGroup, clash)
		agree("suite.esp_encryption", &a.Suite.ESPEncryption, b.Suite.ESPEncryption, clash)
		agree("suite.esp_integrity", &a.Suite.ESPIntegrity, b.Suite.ESPIntegrity, clash)
		agree("suite.pfs_group", &a.Suite.PFSGroup, b.Suite.PFSGroup, clash)
		switch {
		case len(a.Inside) == 0:
			a.Inside = b.Inside
		case len(b.Inside) > 0 && !slices.EqualFunc(a.Inside, b.Inside, sameValue):
			clash("inside", b.Inside[0].Pos, a.Inside[0].Pos)
		}
	}
}

// agree reports a value that both give and give differently, and keeps the
// first that is given.
func agree[T comparable](key string, a *Value[T], b Value[T], clash func(string, diag.Pos, diag.Pos)) {
	switch {
	case !b.IsSet():
	case !a.IsSet():
		*a = b
	case a.V != b.V:
		clash(key, b.Pos, a.Pos)
	}
}

func sameValue(a, b Value[netip.Prefix]) bool { return a.V == b.V }

// connectedOnPrem checks that a joined site of one's own says what a gateway
// must know of it.
func (c *checker) connectedOnPrem(pairs []Pair) {
	joined := make([]bool, len(c.spec.Sites))
	for _, p := range pairs {
		joined[p.A], joined[p.B] = true, true
		a, b := &c.spec.Sites[p.A], &c.spec.Sites[p.B]
		if a.Cloud.V == vocab.OnPrem && b.Cloud.V == vocab.OnPrem {
			c.errorf(c.spec.Connect[p.Entries[0]].Pos, "join each of them to a cloud site",
				"not supported yet: links between two sites of your own (%q and %q)", a.Name, b.Name)
		}
	}
	for i := range c.spec.Sites {
		s := &c.spec.Sites[i]
		if !joined[i] || s.Cloud.V != vocab.OnPrem {
			continue
		}
		if len(s.CIDRs) == 0 {
			c.errorf(s.Pos, "add cidrs, the prefixes in use there: cidrs: [10.200.0.0/16]", "site %q is joined to others but has no cidrs", s.Name)
		}
		if len(s.PublicIP) == 0 {
			c.errorf(s.Pos, "add public_ip, the address of its VPN device: public_ip: 203.0.113.10", "site %q is joined to others but has no public_ip", s.Name)
		}
		if !s.BGP.ASN.IsSet() {
			c.errorf(s.Pos, "add bgp: {asn: 65010}", "site %q is joined to others but has no bgp.asn", s.Name)
		}
	}
}
