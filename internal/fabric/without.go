package fabric

import "slices"

// Without returns the network as if a link had never been made: without its
// tunnels, connections and attachments, and without the routes that lead over
// them. The rest is shared.
func (n *Network) Without(link LinkID) *Network {
	out := *n
	out.Links = slices.DeleteFunc(slices.Clone(n.Links), func(l Link) bool { return l.ID == link })
	out.Tunnels = slices.DeleteFunc(slices.Clone(n.Tunnels), func(t Tunnel) bool { return t.Link == link })
	gone := map[ConnectionID]bool{}
	for _, c := range n.Connections {
		gone[c.ID] = c.Link == link
	}
	out.Connections = slices.DeleteFunc(slices.Clone(n.Connections), func(c Connection) bool { return gone[c.ID] })
	lost := map[AttachmentID]bool{}
	for _, a := range n.Attachments {
		lost[a.ID] = a.Link == link || a.Connection != "" && gone[a.Connection]
	}
	out.Attachments = slices.DeleteFunc(slices.Clone(n.Attachments), func(a Attachment) bool { return lost[a.ID] })
	isLost := func(a AttachmentID) bool { return lost[a] }
	out.Gateways = slices.Clone(n.Gateways)
	for i := range out.Gateways {
		g := &out.Gateways[i]
		g.Tables = slices.Clone(g.Tables)
		for k := range g.Tables {
			t := &g.Tables[k]
			t.Associate = slices.DeleteFunc(slices.Clone(t.Associate), isLost)
			t.Propagate = slices.DeleteFunc(slices.Clone(t.Propagate), isLost)
			t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(r Route) bool { return isLost(r.Hop.Attachment) })
		}
	}
	return &out
}
