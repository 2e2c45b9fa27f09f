package capacity

import (
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

// Passes appends to a list the places that a way passes, in order; one that it
// passes twice is in it twice.
func (m *Model) Passes(list []Place, t *routes.Tables, p *routes.Path) []Place {
	for i := range p.Steps {
		s := &p.Steps[i]
		if len(s.Hops) == 0 {
			break
		}
		list = m.Crossed(list, t, s.Table, &s.Hops[0])
		fromTunnel := i > 0 && p.Steps[i-1].Hops[0].Tunnel != ""
		list = m.forwarded(list, &t.Tables[s.Table], &s.Hops[0], fromTunnel)
	}
	return list
}

// Crossed appends the attachment that a hop from a table crosses, if it has a
// bound.
func (m *Model) Crossed(list []Place, t *routes.Tables, table int, h *routes.Hop) []Place {
	if h.Attachment == "" {
		return list
	}
	i, ok := m.attachments[h.Attachment]
	if !ok || !m.isTransit(&m.net.Attachments[i]) {
		return list
	}
	x, here := &m.net.Attachments[i], &t.Tables[table]
	at := Place(ofGateway*len(m.net.Gateways) + ofAttached*i)
	switch {
	case x.Kind == fabric.TransitPeering && here.Gateway == x.Peer:
		at += Place(ofAttached) - 1
	case x.Kind != fabric.TransitPeering && here.Kind == routes.TransitTable:
		at += Place(ofAttached) - 1
	}
	return append(list, at)
}

// forwarded appends what of a gateway a packet passes that its table forwards.
func (m *Model) forwarded(list []Place, here *routes.Table, h *routes.Hop, fromTunnel bool) []Place {
	if here.Kind != routes.GatewayTable && here.Kind != routes.HubTable {
		return list
	}
	g, ok := m.gateways[here.Gateway]
	if !ok {
		return list
	}
	switch h.Kind {
	case routes.Forward, routes.Deliver:
	case routes.Internet, routes.Translate, routes.Discard, routes.Unknown:
		return list
	}
	at, toTunnel := Place(ofGateway*g), h.Tunnel != ""
	switch kind := m.net.Gateways[g].Kind; {
	case toTunnel || fromTunnel:
		if toTunnel {
			list = append(list, at+sent)
		}
		if fromTunnel {
			list = append(list, at+received)
		}
	case kind == fabric.VirtualHub:
		list = append(list, at+across)
	case kind == fabric.VPNGateway || kind == fabric.ExpressRouteGateway:
		list = append(list, at+sent, at+received)
	}
	return list
}
