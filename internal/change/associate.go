package change

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
)

// transitTable is the kind of a transit gateway's route table.
const transitTable = "transit gateway table"

// move is an attachment that both networks have and that is associated with
// another table in the new one: it has none between the two.
type move struct {
	attachment string // as the new network spells it
	former     string // as the old one does
	table      string // id of the new table
	link       fabric.LinkID
	tunnels    []fabric.TunnelID // of a VPN attachment, as the old network spells them
}

// movedAssociations lists the attachments of transit gateways that change
// their table, in the order of the new network.
func movedAssociations(m *match) []move {
	same := func(id string) string { return id }
	old, _ := associations(m.old, same)
	new, tables := associations(m.new, m.former)
	var out []move
	for i := range m.new.Attachments {
		a := &m.new.Attachments[i]
		for _, at := range [...]fabric.GatewayID{a.Gateway, a.Peer} {
			k := association{string(formerID(m, at)), string(formerID(m, a.ID))}
			was, ok := old[k]
			is, has := new[k]
			if !ok || !has || was == is {
				continue
			}
			x := move{attachment: string(a.ID), former: k.attachment, table: tables[k], link: a.Link}
			if a.Kind == fabric.TransitVPNAttachment {
				x.tunnels = connectionTunnels(m.old, formerID(m, a.Connection))
			}
			out = append(out, x)
		}
	}
	return out
}

// association is an attachment at one of its gateways.
type association struct{ gateway, attachment string }

// associations gives the table of each attachment, spelled as the old network
// would, and as its own does.
func associations(n *fabric.Network, name func(string) string) (tables, own map[association]string) {
	tables, own = map[association]string{}, map[association]string{}
	for i := range n.Gateways {
		g := &n.Gateways[i]
		for _, t := range g.Tables {
			for _, a := range t.Associate {
				k := association{name(string(g.ID)), name(string(a))}
				own[k] = string(g.ID) + "/" + t.Name
				tables[k] = name(own[k])
			}
		}
	}
	return tables, own
}

func connectionTunnels(n *fabric.Network, id fabric.ConnectionID) []fabric.TunnelID {
	c, ok := n.Connection(id)
	if !ok {
		return nil
	}
	return c.Tunnels[:]
}

// spares reports whether the change of a set leaves alone what both networks
// carry: a table that only loses attachments which go, or gains new ones, and
// prefixes that only come or only go.
func (f *Field) spares(moved []move) bool {
	switch f.Name {
	case "associate":
		return !slices.ContainsFunc(moved, func(x move) bool {
			return slices.Contains(f.Added, x.former) || slices.Contains(f.Removed, x.former)
		})
	case "routes", "static_routes", "allowed":
		return !slices.ContainsFunc(f.Removed, func(was string) bool {
			return slices.ContainsFunc(f.Added, func(is string) bool { return overlap(was, is) })
		})
	}
	return false
}

// overlap reports whether the prefixes that lead two texts share addresses;
// what cannot be read counts as if they did.
func overlap(a, b string) bool {
	a, _, _ = strings.Cut(a, " ")
	b, _, _ = strings.Cut(b, " ")
	p, err1 := netip.ParsePrefix(a)
	q, err2 := netip.ParsePrefix(b)
	return err1 != nil || err2 != nil || p.Overlaps(q)
}
