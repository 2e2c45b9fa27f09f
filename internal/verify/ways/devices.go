package ways

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// Devices collects by which devices, and in which tunnels, the packets of
// policy's flows and their replies pass the sites of one's own. Firewalls of
// two devices know nothing of each other's connections unless they are a
// cluster; one device has to take replies in any of its tunnels.
type Devices struct {
	net    *fabric.Network
	tables *routes.Tables
	ends   map[fabric.TunnelID]DeviceEnd // tunnels that end at a device
	equal  map[sender][]DeviceEnd        // see equals
	found  map[fabric.GatewayID]*Sides   // the worst of each site's devices
	order  []fabric.GatewayID            // of found
}

// DeviceEnd is where a tunnel ends at a site of one's own.
type DeviceEnd struct {
	Gateway fabric.GatewayID
	Link    fabric.LinkID
	Tunnel  fabric.TunnelID
	Device  string // what fails alone: office/cpe#1
}

// sender is a gateway that sends into a tunnel.
type sender struct {
	gateway fabric.GatewayID
	tunnel  fabric.TunnelID
}

// Sides is how a connection may pass a site by two devices, or by two tunnels
// of one.
type Sides struct {
	Connection  Connection
	Apart       bool      // by two devices
	There, Back DeviceEnd // of packets, and of replies
	// Links are those of a way of packets that leads by There, and of one of
	// replies that leads by Back.
	Links [2][]fabric.LinkID
	Pairs Pairs // whose connections do
}

// NewDevices prepares for the connections of a network.
func NewDevices(n *fabric.Network, t *routes.Tables) *Devices {
	d := &Devices{net: n, tables: t, ends: map[fabric.TunnelID]DeviceEnd{}, equal: map[sender][]DeviceEnd{}, found: map[fabric.GatewayID]*Sides{}}
	for i := range n.Tunnels {
		t := &n.Tunnels[i]
		for _, e := range t.Ends {
			if g, ok := n.Gateway(e.Gateway); ok && g.Kind == fabric.Device {
				d.ends[t.ID] = DeviceEnd{g.ID, t.Link, t.ID, deviceOf(&g, e.Interface)}
			}
		}
	}
	return d
}

// deviceOf names the device behind an interface of a site's gateway.
func deviceOf(g *fabric.Gateway, index int) string {
	for i := range g.Interfaces {
		for _, d := range g.Interfaces[i].Domains {
			if g.Interfaces[i].Index == index && d.Kind == fabric.Instance {
				return d.ID
			}
		}
	}
	return fmt.Sprintf("%s#%d", g.ID, index)
}

// Add judges a connection by its equal-cost ways there and back.
func (d *Devices) Add(c Connection) {
	if len(d.ends) == 0 {
		return
	}
	var gateways []fabric.GatewayID
	there, back := d.passed(c.There), d.passed(c.Back)
	for _, e := range there {
		if len(gateways) == 0 || gateways[len(gateways)-1] != e.Gateway {
			gateways = append(gateways, e.Gateway) // ends are sorted by it
		}
	}
	for _, id := range gateways {
		of := func(list []DeviceEnd) []DeviceEnd {
			return slices.DeleteFunc(slices.Clone(list), func(e DeviceEnd) bool { return e.Gateway != id })
		}
		x, y, apart, ok := differ(of(there), of(back))
		if g, _ := d.net.Gateway(id); !ok || g.Cluster {
			continue
		}
		s := d.found[id]
		switch {
		case s == nil:
			d.order = append(d.order, id)
		case s.Apart || !apart:
			if s.Apart == apart {
				s.Pairs.add(c)
			}
			continue
		}
		s = &Sides{Connection: c, Apart: apart, There: x, Back: y, Links: [2][]fabric.LinkID{Links(through(c.There, x)), Links(through(c.Back, y))}, Pairs: Pairs{}}
		s.Pairs.add(c)
		d.found[id] = s
	}
}

// Found lists what connections pass differently there and back: the worst of
// each site's devices, in the order in which they were met.
func (d *Devices) Found() []Sides {
	var out []Sides
	for _, id := range d.order {
		out = append(out, *d.found[id])
	}
	return out
}

// passed lists the ends at sites of one's own that ways may pass, each once,
// sorted by gateway, link and tunnel.
func (d *Devices) passed(ways []routes.Path) []DeviceEnd {
	var out []DeviceEnd
	for i := range ways {
		for k := range ways[i].Steps {
			s := &ways[i].Steps[k]
			for h := range s.Hops {
				if _, ok := d.ends[s.Hops[h].Tunnel]; ok {
					out = append(out, d.equals(sender{d.tables.Tables[s.Table].Gateway, s.Hops[h].Tunnel})...)
				}
			}
		}
	}
	slices.SortFunc(out, func(x, y DeviceEnd) int {
		return cmp.Or(cmp.Compare(x.Gateway, y.Gateway), cmp.Compare(x.Link, y.Link), cmp.Compare(x.Tunnel, y.Tunnel))
	})
	return slices.Compact(out)
}

// equals gives the tunnels that a sender may take where the tables have it
// take one. What sends into one tunnel only, a virtual private gateway or a
// device, chooses among those of the link that nothing configured tells apart;
// AWS also moves to the other while it updates an endpoint
// (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNRoutingTypes.html).
func (d *Devices) equals(from sender) []DeviceEnd {
	if list, ok := d.equal[from]; ok {
		return list
	}
	list := []DeviceEnd{d.ends[from.tunnel]}
	g, _ := d.net.Gateway(from.gateway)
	t, _ := d.net.Tunnel(from.tunnel)
	if l, ok := d.net.Link(t.Link); ok && !g.ECMP {
		list = nil
		for _, o := range d.net.TunnelsOf(l) {
			if o.ID == t.ID || d.up(o.ID) && preference(&o, from.gateway) == preference(&t, from.gateway) {
				list = append(list, d.ends[o.ID])
			}
		}
	}
	d.equal[from] = list
	return list
}

// up reports whether a tunnel's session is there.
func (d *Devices) up(id fabric.TunnelID) bool {
	return slices.ContainsFunc(d.tables.Sessions, func(s routes.Session) bool { return s.Tunnel == id && s.State == routes.Established })
}

// preference is the MED by which the far end of a tunnel asks a sender to take
// it.
func preference(t *fabric.Tunnel, sender fabric.GatewayID) int {
	if t.Ends[0].Gateway == sender {
		return t.Ends[1].Priority
	}
	return t.Ends[0].Priority
}

// through gives the way that leads into a tunnel, or else into its link.
func through(ways []routes.Path, e DeviceEnd) *routes.Path {
	var near *routes.Path
	for i := range ways {
		for _, s := range ways[i].Steps {
			for _, h := range s.Hops {
				if h.Tunnel == e.Tunnel {
					return &ways[i]
				}
				if h.Link == e.Link && near == nil {
					near = &ways[i]
				}
			}
		}
	}
	return near
}

// differ gives an end that packets may pass and another that replies may pass
// instead: by two devices if there are such, else by two tunnels.
func differ(there, back []DeviceEnd) (x, y DeviceEnd, apart, ok bool) {
	if x, y, ok = unlike(there, back, func(e DeviceEnd) string { return e.Device }); ok {
		return x, y, true, true
	}
	x, y, ok = unlike(there, back, func(e DeviceEnd) string { return string(e.Tunnel) })
	return x, y, false, ok
}

// unlike gives two ends that differ in a name: of a link that both directions
// cross, for each chooses by itself; or, where they cross different links, of
// what one direction passes and the other does not.
func unlike(there, back []DeviceEnd, name func(DeviceEnd) string) (x, y DeviceEnd, ok bool) {
	for _, x := range there {
		for _, y := range back {
			if x.Link == y.Link && name(x) != name(y) {
				return x, y, true
			}
		}
	}
	if len(there) == 0 || len(back) == 0 {
		return x, y, false
	}
	has := func(list []DeviceEnd, e DeviceEnd) bool {
		return slices.ContainsFunc(list, func(o DeviceEnd) bool { return name(o) == name(e) })
	}
	for _, x := range there {
		if !has(back, x) {
			return x, back[0], true
		}
	}
	for _, y := range back {
		if !has(there, y) {
			return there[0], y, true
		}
	}
	return x, y, false
}
