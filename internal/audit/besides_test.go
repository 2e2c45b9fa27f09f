package audit_test

import (
	"net/netip"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
)

var (
	besides   = regexp.MustCompile(`(?m)^# besides: (.+)$`)
	announces = regexp.MustCompile(`^(\S+) announces (\S+)$`)
	sends     = regexp.MustCompile(`^subnet (\S+) sends (\S+) to an appliance$`)
	unbuilt   = regexp.MustCompile(`^connection (\S+) is not built$`)
	single    = regexp.MustCompile(`^gateway (\S+) has one instance$`)
	drilled   = regexp.MustCompile(`^the last drill was on (\S+)$`)
	failing   = regexp.MustCompile(`(?m)^# tieline check --fail (\d)(?: --max-sets (\d+))?$`)
)

// alter makes of a compiled network what comments of its spec say that a spec
// cannot say.
func alter(t testing.TB, n *fabric.Network, src []byte) {
	t.Helper()
	for _, line := range besides.FindAllSubmatch(src, -1) {
		text := string(line[1])
		done := drilled.MatchString(text) // see drillOf
		if m := announces.FindStringSubmatch(text); m != nil {
			for i := range n.Gateways {
				if g := &n.Gateways[i]; string(g.ID) == m[1] {
					g.Announce, done = append(slices.Clone(g.Announce), netip.MustParsePrefix(m[2])), true
				}
			}
		}
		if m := sends.FindStringSubmatch(text); m != nil {
			done = toAppliance(n, fabric.SubnetID(m[1]), netip.MustParsePrefix(m[2]))
		}
		if m := unbuilt.FindStringSubmatch(text); m != nil {
			done = unbuild(n, fabric.ConnectionID(m[1]))
		}
		if m := single.FindStringSubmatch(text); m != nil {
			done = oneInstance(n, fabric.GatewayID(m[1]))
		}
		if !done {
			t.Fatalf("%q names nothing of the network", text)
		}
	}
}

// drillOf gives the drill that an example speaks of, or one of today.
func drillOf(t testing.TB, src []byte) *audit.Drill {
	t.Helper()
	d := &audit.Drill{At: today, Kinds: []routes.PartKind{routes.CloudPart}}
	for _, line := range besides.FindAllSubmatch(src, -1) {
		m := drilled.FindSubmatch(line[1])
		if m == nil {
			continue
		}
		at, err := time.Parse(time.DateOnly, string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		d.At = at
	}
	return d
}

// toAppliance adds a route by an appliance to the table of a subnet, which is
// made where the subnet has none of its own.
func toAppliance(n *fabric.Network, id fabric.SubnetID, p netip.Prefix) bool {
	i := slices.IndexFunc(n.Subnets, func(s fabric.Subnet) bool { return s.ID == id })
	if i < 0 {
		return false
	}
	s := &n.Subnets[i]
	if s.RouteTable == "" {
		s.RouteTable = fabric.RouteTableID(id + "/rt")
		n.RouteTables = append(n.RouteTables, fabric.RouteTable{ID: s.RouteTable, VPC: s.VPC, Site: s.Site})
	}
	for k := range n.RouteTables {
		if t := &n.RouteTables[k]; t.ID == s.RouteTable {
			t.Routes = append(slices.Clone(t.Routes), fabric.Route{Prefix: p, Hop: fabric.Hop{Kind: fabric.HopAppliance}})
			return true
		}
	}
	return false
}

// unbuild takes a connection of AWS out, with its tunnels.
func unbuild(n *fabric.Network, id fabric.ConnectionID) bool {
	before := len(n.Connections)
	n.Connections = slices.DeleteFunc(slices.Clone(n.Connections), func(c fabric.Connection) bool { return c.ID == id })
	lost := map[fabric.AttachmentID]bool{}
	n.Attachments = slices.DeleteFunc(slices.Clone(n.Attachments), func(a fabric.Attachment) bool {
		lost[a.ID] = a.Connection == id
		return lost[a.ID]
	})
	for i := range n.Gateways {
		for k := range n.Gateways[i].Tables {
			t := &n.Gateways[i].Tables[k]
			t.Associate = slices.DeleteFunc(slices.Clone(t.Associate), func(a fabric.AttachmentID) bool { return lost[a] })
			t.Propagate = slices.DeleteFunc(slices.Clone(t.Propagate), func(a fabric.AttachmentID) bool { return lost[a] })
		}
	}
	gone := map[fabric.TunnelID]bool{}
	n.Tunnels = slices.DeleteFunc(slices.Clone(n.Tunnels), func(t fabric.Tunnel) bool {
		gone[t.ID] = t.Connection == id
		return gone[t.ID]
	})
	for i := range n.Links {
		n.Links[i].Tunnels = slices.DeleteFunc(slices.Clone(n.Links[i].Tunnels), func(t fabric.TunnelID) bool { return gone[t] })
	}
	return len(n.Connections) < before
}

// oneInstance leaves a gateway its first interface, and takes out the
// connections of AWS that end at others.
func oneInstance(n *fabric.Network, id fabric.GatewayID) bool {
	var gone []fabric.ConnectionID
	for _, c := range n.Connections {
		if c.Peer == id && c.PeerInterface > 0 {
			gone = append(gone, c.ID)
		}
	}
	for _, c := range gone {
		unbuild(n, c)
	}
	for i := range n.Gateways {
		if g := &n.Gateways[i]; g.ID == id {
			g.Interfaces = g.Interfaces[:1:1]
			return true
		}
	}
	return false
}
