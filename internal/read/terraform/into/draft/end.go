package draft

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// End is one end of a VPN tunnel as its own cloud describes it. What is not
// known is zero.
type End struct {
	Origin     fabric.Origin
	Account    fabric.AccountID
	Cloud      vocab.Cloud
	Site       fabric.SiteID
	Gateway    fabric.GatewayID
	Interface  int
	ASN        vocab.ASN // own
	Inside     netip.Addr
	PeerInside netip.Addr
	PeerASN    vocab.ASN
	// Own and Peer are the public addresses of both ends: an address, or where
	// it will come from, "address of a resource#attribute". Own has every
	// name of it.
	Own         []string
	Peer        string
	PeerGateway fabric.GatewayID // when the configuration names it
	// PeerName is what the far side is called, Device what stands for it in the
	// file: ends of one Device and AS number are of one site of one's own.
	PeerName, Device string
	// PeerPrefixes are what the configuration says lies behind the peer.
	PeerPrefixes []netip.Prefix
	// Connection groups the two tunnels of an AWS VPN connection.
	Connection string
	Meta       fabric.Meta // of the connection
	Static     bool        // no BGP: PeerPrefixes are routed into the tunnel
	Large      bool
	Unread     string
	Priority   int // MED sent
	// Export and Import are what the end does to announcements.
	Export, Import []fabric.RouteTerm
	Phase1         int // seconds, as the others; 0 for the cloud's default
	Phase2         int
	DPD            int
	Keepalive      int
	Hold           int
	InitiateIKE    bool
	ESP            Cipher

	joined int // index of the other end; -1
	tunnel fabric.TunnelID
}

// AddEnd adds an end; which end it belongs to is found out by [Draft.Finish].
func (d *Draft) AddEnd(e End) {
	e.joined = -1
	d.ends = append(d.ends, e)
}

// join pairs the ends, makes sites of one's own of peers that are not in the
// file, and the links, connections and tunnels.
func (d *Draft) join() {
	d.pair()
	d.outsiders()
	groups := map[fabric.LinkID][][2]int{}
	for i := range d.ends {
		j := d.ends[i].joined
		if j < i {
			continue
		}
		a, b := i, j
		if d.ends[b].Site < d.ends[a].Site || d.ends[a].Site == d.ends[b].Site && d.ends[b].Gateway < d.ends[a].Gateway {
			a, b = b, a
		}
		x, y := &d.ends[a], &d.ends[b]
		id := d.vpnLink(x, y)
		groups[id] = append(groups[id], [2]int{a, b})
	}
	for i := range d.Net.Links {
		l := &d.Net.Links[i]
		if pairs := groups[l.ID]; l.Kind == fabric.VPN && len(pairs) > 0 {
			d.tunnels(l, pairs)
			d.wire(l, pairs)
			d.rates(l, pairs)
		}
	}
	d.nameTunnels()
}

// nameTunnels gives the tunnels of hybrid spokes their ids: until here they are
// named by where they come from.
func (d *Draft) nameTunnels() {
	ids := map[string]fabric.TunnelID{}
	for _, e := range d.ends {
		if e.tunnel != "" && e.Cloud.IsPublic() {
			ids[e.Origin.Path] = e.tunnel
		}
	}
	for i := range d.Net.Attachments {
		a := &d.Net.Attachments[i]
		if a.Kind != fabric.NCCHybridSpoke {
			continue
		}
		for k, t := range a.Tunnels {
			a.Tunnels[k] = ids[string(t)]
		}
		if slices.Contains(a.Tunnels, "") {
			Doubt(&a.Meta, "a tunnel of it is not read")
			a.Tunnels = slices.DeleteFunc(a.Tunnels, func(t fabric.TunnelID) bool { return t == "" })
		}
		slices.Sort(a.Tunnels)
	}
}

// vpnLink is the link between the gateways of two ends. Two gateways of one
// site are joined by a link too: each has its own address space.
func (d *Draft) vpnLink(x, y *End) fabric.LinkID {
	if x.Site != y.Site {
		return d.Link(fabric.VPN, x.Origin, [2]fabric.SiteID{x.Site, y.Site}, [2]fabric.GatewayID{x.Gateway, y.Gateway})
	}
	key := "VPN " + string(x.Gateway) + " " + string(y.Gateway)
	if id, ok := d.links[key]; ok {
		return id
	}
	id := fabric.LinkID(d.ID(string(x.Site + "--" + y.Site)))
	d.links[key] = id
	d.Net.Links = append(d.Net.Links, fabric.Link{
		ID: id, Origin: x.Origin, Kind: fabric.VPN,
		Sites: [2]fabric.SiteID{x.Site, y.Site}, Gateways: [2]fabric.GatewayID{x.Gateway, y.Gateway},
	})
	return id
}

// pair finds for each end the one that it shares a tunnel with: the only one
// that agrees with it best, which in turn agrees best with it.
func (d *Draft) pair() {
	best := make([]int, len(d.ends))
	for i := range d.ends {
		best[i] = -1
		high := 0
		for j := range d.ends {
			s := agreement(&d.ends[i], &d.ends[j])
			switch {
			case i == j || s < sure:
			case s > high:
				best[i], high = j, s
			case s == high:
				best[i] = -1
			}
		}
	}
	for i, j := range best {
		if j >= 0 && best[j] == i {
			d.ends[i].joined = j
		}
	}
}

// sure is how much two ends must agree on to be of one tunnel: both addresses
// inside it, or one public address that is exactly named.
const sure = 2

// agreement counts what two ends say alike of one tunnel; -1 when they
// contradict each other.
func agreement(a, b *End) int {
	if a.Gateway == b.Gateway {
		return -1
	}
	score := 0
	for _, p := range [][2]*End{{a, b}, {b, a}} {
		x, y := p[0], p[1]
		if x.PeerASN != 0 && y.ASN != 0 && x.PeerASN != y.ASN {
			return -1
		}
		if x.PeerInside.IsValid() && y.Inside.IsValid() {
			if x.PeerInside != y.Inside {
				return -1
			}
			score++
		}
		if x.PeerGateway != "" {
			if x.PeerGateway != y.Gateway {
				return -1
			}
			score++
		}
		switch same(x.Peer, y.Own) {
		case yes:
			score += 2
		case no:
			return -1
		case unsaid:
		}
	}
	return score
}

type answer uint8

const (
	unsaid answer = iota
	yes
	no
)

// same says whether a public address is one of an end's own.
func same(peer string, own []string) answer {
	if peer == "" || len(own) == 0 {
		return unsaid
	}
	if slices.Contains(own, peer) {
		return yes
	}
	from, later := resourceOf(peer)
	for _, o := range own {
		by, alsoLater := resourceOf(o)
		if later != alsoLater || later && from == by {
			return unsaid // an address and where one comes from, or another attribute of the same resource
		}
	}
	return no
}

// resourceOf returns the resource that a source names, and whether it is one.
func resourceOf(source string) (string, bool) {
	i := strings.LastIndexByte(source, '#')
	if i < 0 {
		return source, false
	}
	return source[:i], true
}

// outsiders gives each end that has no other in the file one at a site of one's
// own. Ends share a site when they name one device or one public address.
func (d *Draft) outsiders() {
	devices := map[string]fabric.GatewayID{}
	for i := range d.ends {
		e := &d.ends[i]
		if e.joined >= 0 {
			continue
		}
		keys := []string{"device " + e.Device + " " + e.PeerASN.String()}
		if _, later := resourceOf(e.Peer); e.Peer != "" && !later {
			keys = append(keys, "address "+e.Peer)
		}
		var id fabric.GatewayID
		for _, k := range keys {
			id = cmp.Or(id, devices[k])
		}
		if id == "" {
			id = d.device(e)
		}
		for _, k := range keys {
			devices[k] = id
		}
		d.answer(i, id)
	}
}

// device makes a site of one's own for the peer of an end.
func (d *Draft) device(e *End) fabric.GatewayID {
	site := fabric.SiteID(d.ID(Word(cmp.Or(e.PeerName, "peer-of-"+string(e.Site)))))
	id := fabric.GatewayID(site + "/cpe")
	m := fabric.Meta{
		Origin: e.Origin, Domains: []fabric.Domain{{Kind: fabric.Facility, ID: string(site)}},
		Unread: "what lies behind " + string(site) + ", and what it announces, is not in the file",
	}
	d.Net.Sites = append(d.Net.Sites, fabric.Site{ID: site, Meta: m, Cloud: vocab.OnPrem})
	d.Net.Gateways = append(d.Net.Gateways, fabric.Gateway{ID: id, Meta: m, Kind: fabric.Device, Site: site, ASN: e.PeerASN})
	return id
}

// answer adds the far end of a tunnel to a device.
func (d *Draft) answer(i int, id fabric.GatewayID) {
	g := d.gateway(id)
	e := &d.ends[i]
	addr, _ := netip.ParseAddr(e.Peer)
	at := slices.IndexFunc(g.Interfaces, func(f fabric.Interface) bool { return f.PublicIP == addr })
	if at < 0 {
		at = len(g.Interfaces)
		name := string(id) + "#" + strconv.Itoa(at)
		g.Interfaces = append(g.Interfaces, fabric.Interface{Index: at, PublicIP: addr, Domains: []fabric.Domain{{Kind: fabric.Instance, ID: name}}})
	}
	if e.PeerInside.IsValid() {
		g.Interfaces[at].Inside = append(g.Interfaces[at].Inside, e.PeerInside)
		slices.SortFunc(g.Interfaces[at].Inside, netip.Addr.Compare)
	}
	s := d.site(g.Site)
	s.Prefixes = append(s.Prefixes, e.PeerPrefixes...)
	d.ends = append(d.ends, End{
		Origin: e.Origin, Cloud: vocab.OnPrem, Site: g.Site, Gateway: id, Interface: at, ASN: g.ASN, Inside: e.PeerInside, PeerInside: e.Inside,
		PeerASN: e.ASN, Static: e.Static, InitiateIKE: true, joined: i,
	})
	d.ends[i].joined = len(d.ends) - 1
}

// tunnels makes the connections and tunnels of a link.
func (d *Draft) tunnels(l *fabric.Link, pairs [][2]int) {
	slices.SortStableFunc(pairs, func(p, q [2]int) int {
		return cmp.Or(cmp.Compare(d.connectionOf(p), d.connectionOf(q)), cmp.Compare(d.indexOf(p), d.indexOf(q)))
	})
	connections := map[string]*fabric.Connection{}
	var made []string
	for n, p := range pairs {
		t := fabric.Tunnel{ID: fabric.TunnelID(string(l.ID) + "/" + strconv.Itoa(n)), Link: l.ID, Index: n}
		d.ids[string(t.ID)] = true
		for k, i := range p {
			e := &d.ends[i]
			if k == 0 || t.Meta.Origin.Path == "" {
				t.Meta.Origin = e.Origin
			}
			t.Ends[k] = d.tunnelEnd(e)
			e.tunnel = t.ID
			t.Domains = append(t.Domains, d.endDomains(e)...)
			if e.Unread != "" {
				Doubt(&t.Meta, e.Unread)
			}
			if inside := cmp.Or(e.Inside, d.ends[e.joined].PeerInside); inside.IsValid() && !t.Inside.IsValid() {
				t.Inside, _ = inside.Prefix(tunnelBits)
			}
		}
		for k, i := range p {
			e, far := &d.ends[i], p[1-k]
			if e.Connection == "" {
				continue
			}
			c := connections[e.Connection]
			if c == nil {
				id := fabric.ConnectionID(string(l.ID) + "/c" + strconv.Itoa(len(made)))
				c = &fabric.Connection{
					ID: id, Meta: e.Meta, Link: l.ID, Gateway: e.Gateway, Peer: d.ends[far].Gateway, PeerInterface: d.ends[far].Interface,
					Large: e.Large, Static: e.Static,
				}
				if e.Static {
					c.StaticRoutes = e.PeerPrefixes
				}
				connections[e.Connection] = c
				made = append(made, e.Connection)
			}
			if e.Interface < len(c.Tunnels) {
				c.Tunnels[e.Interface] = t.ID
			}
			if t.Connection == "" {
				t.Connection = c.ID
			}
		}
		t.Domains = unique(t.Domains)
		l.Tunnels = append(l.Tunnels, t.ID)
		d.Net.Tunnels = append(d.Net.Tunnels, t)
	}
	for _, name := range made {
		d.Net.Connections = append(d.Net.Connections, *connections[name])
		d.attach(name, connections[name])
	}
}

// tunnelBits is the length of the prefix inside a tunnel, two hosts of a /30.
const tunnelBits = 30

func (d *Draft) connectionOf(p [2]int) string {
	return cmp.Or(d.ends[p[0]].Connection, d.ends[p[1]].Connection, d.ends[p[0]].Origin.Path)
}

func (d *Draft) indexOf(p [2]int) int {
	if d.ends[p[0]].Connection == "" {
		return d.ends[p[1]].Interface
	}
	return d.ends[p[0]].Interface
}

// attach names the connection and link in the attachment of a VPN connection to
// a transit gateway, whose ID the reader gave it before the link was known.
func (d *Draft) attach(name string, c *fabric.Connection) {
	for i := range d.Net.Attachments {
		a := &d.Net.Attachments[i]
		if a.Kind == fabric.TransitVPNAttachment && string(a.Connection) == name {
			a.Connection, a.Link = c.ID, c.Link
		}
	}
}

// tunnelEnd fills what an end leaves to its cloud's defaults. A site of one's
// own is expected to take the timers of the other end.
func (d *Draft) tunnelEnd(e *End) fabric.TunnelEnd {
	out := fabric.TunnelEnd{
		Gateway: e.Gateway, Interface: e.Interface, Inside: e.Inside, InitiateIKE: e.InitiateIKE, InitiateBGP: true,
		Phase1: e.Phase1, Phase2: e.Phase2, DPD: e.DPD, Keepalive: e.Keepalive, Hold: e.Hold, Priority: e.Priority, Export: e.Export, Import: e.Import,
	}
	c := e.Cloud
	if !c.IsPublic() {
		far := &d.ends[e.joined]
		if c = far.Cloud; !c.IsPublic() {
			return out
		}
	}
	offer := d.Atlas.VPN(c)
	out.InitiateBGP = !e.Cloud.IsPublic() || offer.BGP.Initiates
	fill := func(v *int, s atlas.Span) {
		if *v == 0 {
			*v = int(s.Default / time.Second)
		}
	}
	fill(&out.Phase1, offer.IKE.Lifetime)
	fill(&out.Phase2, offer.ESP.Lifetime)
	fill(&out.DPD, offer.DPD)
	if e.Static {
		out.Keepalive, out.Hold = 0, 0
		return out
	}
	fill(&out.Keepalive, offer.BGP.Keepalive)
	if out.Hold == 0 && e.Keepalive > 0 {
		out.Hold = holdPerKeepalive * e.Keepalive
	}
	fill(&out.Hold, offer.BGP.Hold)
	return out
}

// holdPerKeepalive is how many keepalives the hold time lasts (RFC 4271 section 4.4).
const holdPerKeepalive = 3

func (d *Draft) endDomains(e *End) []fabric.Domain {
	g := d.gateway(e.Gateway)
	var out []fabric.Domain
	for _, f := range g.Interfaces {
		if f.Index == e.Interface {
			out = append(out, f.Domains...)
		}
	}
	return append(out, g.Meta.Domains...)
}

func unique(list []fabric.Domain) []fabric.Domain {
	var out []fabric.Domain
	for _, x := range list {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b fabric.Domain) int { return cmp.Compare(a.Kind, b.Kind) })
	return out
}
