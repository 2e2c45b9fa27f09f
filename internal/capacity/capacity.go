// Package capacity says what the parts of a network carry by the sizes that
// the facts give, and which of them a packet's way passes: gateways with a
// bound over all they carry, the routers of virtual hubs, the attachments of
// transit gateways. What single links carry is the sum of their tunnels; it is
// bounded here by what their gateways carry together.
//
// It takes a [fabric.Network], and the ways that [routes.Tables] follow. Rates
// are one way. A bound of a gateway holds each way: for all that leaves by its
// tunnels and for all that comes in by them. What it forwards between two of
// its networks it takes in and sends out, and counts in both.
package capacity

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// Place is something with a bound, in one direction; an index below
// [Model.Len].
type Place int32

// The places of one gateway, and of one attachment, in order.
const (
	sent       = iota // into tunnels
	received          // out of tunnels
	across            // between the networks of a virtual hub, by its router
	ofGateway         // how many a gateway has
	in         = 0    // into the gateway; of a peering: from the one that asked for it
	out        = 1
	ofAttached = 2
)

// Model is what a network carries. It is immutable.
type Model struct {
	net         *fabric.Network
	rooms       []Room // by place, when nothing has failed
	gateways    map[fabric.GatewayID]int
	attachments map[fabric.AttachmentID]int
	shared      []shared // gateways that lose a part of what they carry with an instance
}

// shared is a gateway of several instances, by its place for sending.
type shared struct {
	place     Place
	instances [][]fabric.Domain
}

// New works out what the places of a network carry.
func New(n *fabric.Network, a *atlas.Atlas) *Model {
	m := &Model{
		net: n, gateways: make(map[fabric.GatewayID]int, len(n.Gateways)), attachments: make(map[fabric.AttachmentID]int, len(n.Attachments)),
		rooms: make([]Room, ofGateway*len(n.Gateways)+ofAttached*len(n.Attachments)),
	}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		m.gateways[g.ID] = i
		at := ofGateway * i
		room := Gateway(a, g)
		m.rooms[at+sent] = room
		if g.Kind != fabric.VirtualPrivateGateway { // its bound is on what it sends
			m.rooms[at+received] = room
		}
		if g.Kind == fabric.VirtualHub {
			m.rooms[at+across] = Router(a, g)
		}
		if list := instances(g); len(list) > 1 {
			m.shared = append(m.shared, shared{Place(at + sent), list})
		}
	}
	for i := range n.Attachments {
		x := &n.Attachments[i]
		m.attachments[x.ID] = i
		at := ofGateway*len(n.Gateways) + ofAttached*i
		if m.isTransit(x) {
			room := Attachment(a)
			room.Rate *= vocab.Rate(max(1, len(m.zones(x))))
			m.rooms[at+in], m.rooms[at+out] = room, room
		}
	}
	return m
}

// instances lists what of an Azure gateway fails separately: two that share
// its load, or one, which has another standing by.
func instances(g *fabric.Gateway) [][]fabric.Domain {
	if g.Kind != fabric.VPNGateway && g.Kind != fabric.VirtualHub {
		return nil
	}
	var out [][]fabric.Domain
	for i := range g.Interfaces {
		d := g.Interfaces[i].Domains
		if !slices.ContainsFunc(out, func(x []fabric.Domain) bool { return slices.Equal(x, d) }) {
			out = append(out, d)
		}
	}
	return out
}

// isTransit reports whether an attachment is one of those of a transit gateway
// that have a bound of their own; a VPN's is that of its tunnels.
func (m *Model) isTransit(x *fabric.Attachment) bool {
	switch x.Kind {
	case fabric.TransitVPCAttachment, fabric.TransitPeering:
		return true
	case fabric.DirectConnectAssociation:
		g, _ := m.net.Gateway(x.Peer)
		return g.Kind == fabric.TransitGateway
	case fabric.VGWAttachment, fabric.TransitVPNAttachment, fabric.VNetPeering, fabric.VirtualHubConnection,
		fabric.VPCPeering, fabric.NCCSpoke, fabric.NCCHybridSpoke, fabric.AWSPeering:
	}
	return false
}

// zones lists the availability zones in which a VPC's attachment stands, one
// subnet in each; empty when that is not known.
func (m *Model) zones(x *fabric.Attachment) []string {
	var out []string
	for _, id := range x.Subnets {
		s, _ := m.net.Subnet(id)
		for _, p := range s.Parts {
			if p.Zone != "" && !slices.Contains(out, p.Zone) {
				out = append(out, p.Zone)
			}
		}
	}
	return out
}

// Len is the number of places.
func (m *Model) Len() int { return len(m.rooms) }

// Healthy is what a place carries when nothing has failed.
func (m *Model) Healthy(p Place) Room { return m.rooms[p] }

// Fallen gives, by place in order, what the places carry that carry less when
// parts have failed: a gateway without one of its instances, an attachment
// without one of its zones. Machines are taken to be spread over zones evenly.
func (m *Model) Fallen(f routes.Failure) []Fallen {
	var out []Fallen
	add := func(p Place, left, of int) {
		r := m.rooms[p]
		if r.State == Bounded {
			r.Rate = r.Rate * vocab.Rate(left) / vocab.Rate(of)
			out = append(out, Fallen{p, r})
		}
	}
	for _, s := range m.shared {
		left := 0
		for _, d := range s.instances {
			if !failed(d, f) {
				left++
			}
		}
		if left < len(s.instances) {
			add(s.place, left, len(s.instances))
			add(s.place+received-sent, left, len(s.instances))
		}
	}
	if !slices.ContainsFunc(f, func(p routes.Part) bool { return p.Kind == routes.ZonePart }) {
		return out
	}
	for i := range m.net.Attachments {
		x := &m.net.Attachments[i]
		zones := m.zones(x)
		left := 0
		for _, z := range zones {
			if !slices.Contains(f, routes.Part{Kind: routes.ZonePart, ID: z}) {
				left++
			}
		}
		if x.Kind == fabric.TransitVPCAttachment && left < len(zones) {
			at := Place(ofGateway*len(m.net.Gateways) + ofAttached*i)
			add(at+in, left, len(zones))
			add(at+Place(ofAttached)-1, left, len(zones))
		}
	}
	return out
}

// Fallen is a place with what it carries after a failure.
type Fallen struct {
	Place Place
	Room  Room
}

// failed reports whether what has these failure domains fails.
func failed(domains []fabric.Domain, f routes.Failure) bool {
	for _, d := range domains {
		kind := routes.PartKind(0)
		switch d.Kind {
		case fabric.Instance:
			kind = routes.InstancePart
		case fabric.ZoneDomain:
			kind = routes.ZonePart
		case fabric.Facility:
			kind = routes.SitePart
		case fabric.RegionDomain:
			kind = routes.RegionPart
		case fabric.Provider:
			kind = routes.CloudPart
		}
		if slices.Contains(f, routes.Part{Kind: kind, ID: d.ID}) {
			return true
		}
	}
	return false
}

// Ends gives the places of a link's two gateways that its packets pass from
// the first site to the second, or back: what one sends and the other
// receives. -1 where an end has no gateway.
func (m *Model) Ends(l *fabric.Link, back bool) [2]Place {
	from, to := l.Gateways[0], l.Gateways[1]
	if back {
		from, to = to, from
	}
	out := [2]Place{-1, -1}
	if i, ok := m.gateways[from]; ok {
		out[0] = Place(ofGateway*i + sent)
	}
	if i, ok := m.gateways[to]; ok {
		out[1] = Place(ofGateway*i + received)
	}
	return out
}

// Name says what a place is: "gateway azure-wus2/vpn".
func (m *Model) Name(p Place) string {
	if g := int(p) / ofGateway; g < len(m.net.Gateways) {
		id := m.net.Gateways[g].ID
		if int(p)%ofGateway == across {
			return fmt.Sprintf("the router of hub %s", id)
		}
		return fmt.Sprintf("gateway %s", id)
	}
	x := m.attached(p)
	if x.Link != "" {
		return fmt.Sprintf("link %s", x.Link)
	}
	return fmt.Sprintf("attachment %s", x.ID)
}

// Object is the id of what a place is of, and Origin where it comes from.
func (m *Model) Object(p Place) (id string, o fabric.Origin) {
	if g := int(p) / ofGateway; g < len(m.net.Gateways) {
		return string(m.net.Gateways[g].ID), m.net.Gateways[g].Meta.Origin
	}
	x := m.attached(p)
	return string(x.ID), x.Meta.Origin
}

// Twin is the other direction of a gateway's place: receiving of sending and
// the other way round; false for the others.
func (m *Model) Twin(p Place) (Place, bool) {
	at := int(p) % ofGateway
	if int(p)/ofGateway >= len(m.net.Gateways) || at == across {
		return 0, false
	}
	return p - Place(at) + Place(sent+received-at), true
}

// Doing says what a place does: "sends", "takes in", "carries".
func (m *Model) Doing(p Place) string {
	g := int(p) / ofGateway
	if g >= len(m.net.Gateways) {
		return "carries"
	}
	switch int(p) % ofGateway {
	case sent:
		return "sends"
	case received:
		return "takes in"
	}
	return "carries"
}

func (m *Model) attached(p Place) *fabric.Attachment {
	return &m.net.Attachments[(int(p)-ofGateway*len(m.net.Gateways))/ofAttached]
}
