package nodes

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
)

// own makes the routers of one's own sites. Where a site has several devices
// each is a node of its own, joined to a core with internal BGP.
func (b *builder) own() {
	for i := range b.net.Gateways {
		g := &b.net.Gateways[i]
		if g.Kind != fabric.Device {
			continue
		}
		core := b.siteTable(g)
		if len(g.Interfaces) < 2 {
			b.device(g, core, nil)
			continue
		}
		for _, x := range g.Interfaces {
			n := b.ofPart[GatewayPart{Gateway: g.ID, Interface: x.Index}]
			t := n.table(fmt.Sprintf("%s#%d", g.ID, x.Index), g.Site)
			b.device(g, t, b.joinCore(g, core, t, x.Index))
		}
	}
}

// siteTable is the table by which a site's machines send; its machines are
// behind it.
func (b *builder) siteTable(g *fabric.Gateway) *table {
	t := b.ofGate[g.ID].table(string(g.ID), g.Site)
	t.Paths, t.Compare = paths(g.ECMP), ownCriteria()
	if s := b.index.sites[g.Site]; s != nil {
		local := t.node.table(string(g.Site)+"/local", g.Site)
		w := b.way("local "+string(g.Site), stop{node: t.node, site: g.Site, stem: "l-lan-a"}, local.stop("l-lan-b"), b.lan())
		for _, q := range s.Prefixes {
			t.route(q, preferStatic, w.a)
		}
	}
	return t
}

func ownCriteria() []nodeconf.Criterion {
	return []nodeconf.Criterion{nodeconf.LocalPreference, nodeconf.ASPathLength, nodeconf.NeighbourMED}
}

func (b *builder) lan() int {
	mtu, _ := b.atlas.MTU(atlas.MTUOnPremLAN)
	return mtu
}

// device fills a device's table: what its tunnels learn, and what it is
// expected to announce. What it learned it hands on only where it is in that
// list, and announces it all the same where it hears nothing, as one does an
// aggregate.
func (b *builder) device(g *fabric.Gateway, t *table, core *nodeconf.Session) {
	t.Paths, t.Compare = paths(g.ECMP), ownCriteria()
	ends := slices.DeleteFunc(b.sessionsOf(g.ID), func(e *end) bool { return e.node != t.node })
	t.learn(preferLearned, ids(ends)...)
	site := b.index.sites[g.Site]
	var announce []nodeconf.Announce
	var listed []netip.Prefix
	for _, q := range g.Announce {
		if site != nil && slices.ContainsFunc(site.Prefixes, q.Overlaps) {
			announce = append(announce, nodeconf.Announce{Prefix: q})
			continue
		}
		listed = append(listed, q)
	}
	export := ""
	if len(listed) > 0 {
		export = t.Name + "/listed"
		x := t.node.table(export, g.Site)
		x.inner, x.Compare = true, ownCriteria()
		from := ids(ends)
		if core != nil {
			from = append(from, core.ID)
		}
		x.Learn = append(x.Learn, nodeconf.Learn{Sessions: from, Only: listed, Preference: preferLearned})
		for _, q := range listed {
			x.route(q, preferPlatform).Announce = true
		}
	}
	for _, e := range ends {
		e.session.Announce, e.session.Export = announce, export
	}
	for i := range b.net.Tunnels {
		x := &b.net.Tunnels[i]
		for k := range x.Ends {
			if e := b.ends[endKey{x.ID, k}]; x.Ends[k].Gateway == g.ID && e.node == t.node {
				stop{node: e.node, site: g.Site, arrives: t}.arrive(e.device)
			}
		}
	}
}

// joinCore joins a device to its site's core, and lets each tell the other what
// it learned.
func (b *builder) joinCore(g *fabric.Gateway, core, t *table, index int) *nodeconf.Session {
	id := fmt.Sprintf("%s#%d", g.ID, index)
	w := b.way("lan "+id, core.stop(fmt.Sprintf("dev-%d", index)), t.stop("core"), b.lan())
	p, q := b.insides.pair()
	up := b.inside(inner{core, w.a, p, q, g.ASN}, id, true)
	down := b.inside(inner{t, w.b, q, p, g.ASN}, id, false)
	up.Export, down.Export = core.Name, t.Name
	core.learn(preferLearned, up.ID)
	t.learn(preferLearned, down.ID)
	if s := b.index.sites[g.Site]; s != nil {
		for _, prefix := range s.Prefixes {
			t.route(prefix, preferStatic, w.b)
		}
	}
	return down
}
