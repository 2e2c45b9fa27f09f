package audit_test

import (
	"net/netip"
	"regexp"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/fabric"
)

var (
	besides   = regexp.MustCompile(`(?m)^# besides: (.+)$`)
	announces = regexp.MustCompile(`^(\S+) announces (\S+)$`)
	sends     = regexp.MustCompile(`^subnet (\S+) sends (\S+) to an appliance$`)
	unbuilt   = regexp.MustCompile(`^tunnel (\S+) is not built$`)
	failing   = regexp.MustCompile(`(?m)^# tieline check --fail (\d)(?: --max-sets (\d+))?$`)
)

// alter makes of a compiled network what comments of its spec say that a spec
// cannot say.
func alter(t testing.TB, n *fabric.Network, src []byte) {
	t.Helper()
	for _, line := range besides.FindAllSubmatch(src, -1) {
		text := string(line[1])
		done := false
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
			id := fabric.TunnelID(m[1])
			n.Tunnels = slices.DeleteFunc(slices.Clone(n.Tunnels), func(x fabric.Tunnel) bool { done = done || x.ID == id; return x.ID == id })
			for i := range n.Links {
				n.Links[i].Tunnels = slices.DeleteFunc(slices.Clone(n.Links[i].Tunnels), func(x fabric.TunnelID) bool { return x == id })
			}
		}
		if !done {
			t.Fatalf("%q names nothing of the network", text)
		}
	}
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
