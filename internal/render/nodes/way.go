package nodes

import (
	"net/netip"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
)

// stop is one end of a way: the table that routes what comes out of it there
// (nil where nothing does), and what its device is called.
type stop struct {
	node    *node
	site    fabric.SiteID
	arrives *table
	stem    string
}

func (t *table) stop(stem string) stop {
	return stop{node: t.node, site: t.site, arrives: t, stem: stem}
}

// way is a way between two tables, with the devices at its ends.
type way struct{ a, b string }

// way joins two tables once, both ways: by a pair of devices where they are in
// one node and region, by a cord where in one region, else by a wire that takes
// its time. The id is what the way is: an attachment, a link.
func (b *builder) way(id string, x, y stop, mtu int) way {
	if w, ok := b.ways[id]; ok {
		return *w
	}
	w := &way{x.node.fresh(x.stem), y.node.fresh(y.stem)}
	b.ways[id] = w
	near := nodeconf.Device{Name: w.a, ID: id, MTU: mtu, NoARP: true}
	far := nodeconf.Device{Name: w.b, ID: id, MTU: mtu, NoARP: true}
	switch {
	case b.together(x.site, y.site) && x.node == y.node:
		near.Pair = w.b
		x.node.devices = append(x.node.devices, near)
	case b.together(x.site, y.site):
		x.node.devices = append(x.node.devices, near)
		y.node.devices = append(y.node.devices, far)
		b.plan.Cords = append(b.plan.Cords, Cord{A: End{x.node.name, w.a}, B: End{y.node.name, w.b}, MTU: mtu})
	default:
		x.node.devices = append(x.node.devices, near)
		y.node.devices = append(y.node.devices, far)
		b.plan.Wires = append(b.plan.Wires, Wire{ID: id, A: End{x.node.name, w.a}, B: End{y.node.name, w.b}, MTU: mtu, Line: b.line(x.site, y.site)})
	}
	x.arrive(w.a)
	y.arrive(w.b)
	return *w
}

// arrive says which table routes what comes by a device: none where the stop
// has none.
func (s stop) arrive(device string) {
	t := s.arrives
	if t == nil {
		t = s.node.table("nowhere", s.site)
	}
	s.node.rules = append(s.node.rules, rule{device, t})
}

// short is the last part of an id.
func short[T ~string](id T) string {
	s := string(id)
	if i := strings.LastIndexAny(s, "/:"); i >= 0 {
		return s[i+1:]
	}
	return s
}

// local is the table of what stands in a VPC at a site's region: its machines.
func (b *builder) local(v *fabric.VPC, site fabric.SiteID) *table {
	name := string(v.ID) + "/local"
	if regions, sites := b.regionsOf(v); len(regions) > 1 {
		name = string(v.ID) + "@" + b.region(site) + "/local"
		if s, ok := sites[b.region(site)]; ok {
			site = s
		}
	}
	return b.ofVPC[v.ID].table(name, site)
}

// into is the device that leads from a table of a VPC's own to its machines
// in a region: past a wire where that is another one.
func (b *builder) into(from *table, v *fabric.VPC, site fabric.SiteID) string {
	to := b.local(v, site)
	if from.node != to.node || !b.together(from.site, to.site) {
		return b.between(from, b.home(from), to, v.MTU)
	}
	id := "local " + strings.TrimSuffix(to.Name, "/local")
	return b.way(id, stop{node: to.node, site: to.site, stem: "l-" + v.Name + "-a"}, to.stop("l-"+v.Name+"-b"), v.MTU).a
}

// between joins two places: what is sent at one comes out in the table at the
// other. The way is one for both directions between tables of machines.
func (b *builder) between(from, home, to *table, mtu int) string {
	x, y := home, to
	if x == nil {
		x = from
	}
	swap := x.Name > y.Name
	if swap {
		x, y = y, x
	}
	w := b.way("between "+strings.TrimSuffix(x.Name, "/local")+" "+strings.TrimSuffix(y.Name, "/local"), x.stop("w-"+stemOf(y)), y.stop("w-"+stemOf(x)), mtu)
	if swap {
		return w.b
	}
	return w.a
}

func stemOf(t *table) string {
	name := strings.TrimSuffix(t.Name, "/local")
	if i := strings.LastIndexByte(name, '@'); i >= 0 {
		return name[i+1:]
	}
	return short(name)
}

// home is the table of machines of the network that a table is of, where its
// name tells; nil for gateways.
func (b *builder) home(t *table) *table { return t.node.tables[t.Name+"/local"] }

// machineRoute lets a machine be reached in its network.
func (t *table) machineRoute(a netip.Addr, device string) {
	t.route(netip.PrefixFrom(a, a.BitLen()), preferLocal, device)
}
