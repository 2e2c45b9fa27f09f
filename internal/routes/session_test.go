package routes_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// TestPrefixLimit: one prefix more than a virtual private gateway takes ends
// the session, and all that it carried is lost.
func TestPrefixLimit(t *testing.T) {
	for _, tt := range []struct {
		count int
		want  routes.SessionState
		held  string
	}{{100, routes.Established, "BGP 65001"}, {101, routes.Refused, "nothing"}} {
		t.Run(fmt.Sprint(tt.count), func(t *testing.T) {
			n := cloudHub(65001, 65002)
			list := ""
			for i := range tt.count {
				list += fmt.Sprintf(" 192.168.%d.0/24", i)
			}
			n.holds("north", list)
			tables := n.tables()
			check(t, tables, held{"west/a/rt", "192.168.5.0/24", tt.held}, held{"south/cpe", "10.1.0.0/16", "BGP 64601"})
			for _, s := range tables.Sessions[:2] {
				if s.State != tt.want {
					t.Errorf("session over %s is %v (%s), want %v", s.Tunnel, s.State, s.Why, tt.want)
				}
			}
			passed := slices.ContainsFunc(tables.Events, func(e routes.Event) bool { return e.Limit == atlas.LimitAWSVPNPrefixesPeerToVGW })
			if passed != (tt.count > 100) {
				t.Errorf("limit passed: %v with %d prefixes", passed, tt.count)
			}
		})
	}
}

// TestPropagatedLimit: routes beyond what a VPC's table takes are not installed.
func TestPropagatedLimit(t *testing.T) {
	n := cloudHub(65001, 65002)
	for i, s := range []string{"north", "south"} {
		list := ""
		for k := range 60 {
			list += fmt.Sprintf(" 172.%d.%d.0/24", 16+i, k)
		}
		n.holds(s, list)
	}
	tables := n.tables()
	check(t, tables,
		held{"west/vgw", "172.17.59.0/24", "BGP 65002"},
		held{"west/a/rt", "172.17.59.0/24", "nothing"},
		held{"west/a/rt", "172.17.5.0/24", "BGP 65002"},
	)
}

// TestSessions: a session needs an end that opens it.
func TestSessions(t *testing.T) {
	n := cloudHub(65001, 65002)
	for i := range n.Tunnels {
		for k := range n.Tunnels[i].Ends {
			if n.Tunnels[i].Link == "west-vgw--north-cpe" {
				n.Tunnels[i].Ends[k].InitiateBGP = false
			}
		}
	}
	tables := n.tables()
	check(t, tables, held{"west/vgw", "192.168.0.0/16", "nothing"}, held{"west/vgw", "172.16.0.0/16", "BGP 65002"})
	want := []routes.Session{
		{Tunnel: "west-vgw--north-cpe/0", State: routes.Failed, Why: "neither end opens the BGP session"},
		{Tunnel: "west-vgw--north-cpe/1", State: routes.Failed, Why: "neither end opens the BGP session"},
		{Tunnel: "west-vgw--south-cpe/0", State: routes.Established, Prefixes: [2]int{1, 1}},
		{Tunnel: "west-vgw--south-cpe/1", State: routes.Established, Prefixes: [2]int{1, 1}},
	}
	if diff := cmp.Diff(want, tables.Sessions); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

// TestUndecided: a gateway that uses one of two equal ways to different peers
// is not predictable.
func TestUndecided(t *testing.T) {
	n := cloudHub(65001, 65002)
	n.holds("south", "192.168.0.0/16")
	if got := events(n.tables(), routes.Nondeterminism); len(got) != 1 {
		t.Errorf("nondeterminism: %q, want one", got)
	}
	n = cloudHub(65001, 65002)
	if got := events(n.tables(), routes.Nondeterminism); len(got) != 0 {
		t.Errorf("nondeterminism: %q, want none", got)
	}
}

// TestFailureOfTunnels: the other takes over; of both, the routes go.
func TestFailureOfTunnels(t *testing.T) {
	p := cloudHub(65001, 65002).plane()
	part := func(i int) routes.Part {
		return routes.Part{Kind: routes.TunnelPart, ID: fmt.Sprintf("west-vgw--north-cpe/%d", i)}
	}
	one := p.Tables(routes.NewFailure(part(0)))
	i := at(t, one, "west/vgw")
	r, _ := one.Lookup(i, pfx("192.168.0.0/16").Addr())
	if len(r.Hops) != 1 || r.Hops[0].Tunnel != "west-vgw--north-cpe/1" {
		t.Errorf("hops after the failure of tunnel 0: %v", r.Hops)
	}
	var names []routes.TableID
	for _, k := range one.Changed(p.Tables(nil)) {
		names = append(names, one.Tables[k].ID)
	}
	if diff := cmp.Diff([]routes.TableID{"north/cpe", "west/vgw"}, names); diff != "" {
		t.Errorf("Changed (-want +got):\n%s", diff)
	}
	both := p.Tables(routes.NewFailure(part(0), part(1)))
	check(t, both, held{"west/a/rt", "192.168.0.0/16", "nothing"}, held{"south/cpe", "192.168.0.0/16", "nothing"})
}

// TestDeviceHandsOn: a device hands on what it lists and hears, and announces
// what it lists and neither holds nor hears.
func TestDeviceHandsOn(t *testing.T) {
	n := cloudHub(65001, 65002)
	n.site("z", vocab.Azure, "westus2", "")
	n.vpc("z/hub", "z", vocab.Azure, "10.5.0.0/16")
	n.gateway("z/vpn", "z", "z/hub", fabric.VPNGateway, 64700)
	n.vpn("z/vpn", "north/cpe", 1)
	n.find("north/cpe").Announce = pfxs("192.168.0.0/16 10.1.0.0/16 10.99.0.0/16")
	tables := n.tables()
	check(t, tables,
		held{"z/vpn", "10.1.0.0/16", "BGP 65001 64601"},
		held{"z/vpn", "10.99.0.0/16", "BGP 65001"},
		held{"z/vpn", "172.16.0.0/16", "nothing"},
		held{"north/cpe", "10.1.0.0/16", "BGP 64601"},
	)
	follow(t, tables,
		goes{"z/hub/rt-system", "10.1.0.1", "z/hub/rt-system > z/vpn > north/cpe > west/vgw: delivered"},
		goes{"z/hub/rt-system", "10.99.0.1", "z/hub/rt-system > z/vpn > north/cpe: no route"},
	)
	if got := events(tables, routes.AnnouncedUnheld); len(got) != 1 {
		t.Errorf("announced and not held: %q, want one", got)
	}
}

// TestParts: each with a kind and an id, none twice.
func TestParts(t *testing.T) {
	n := transit()
	n.Links = append(n.Links, fabric.Link{ID: "x--y", Kind: fabric.SameVPCLink})
	n.Sites[1].Meta.Domains = []fabric.Domain{{Kind: fabric.Facility, ID: "office"}}
	want := []routes.Part{
		{Kind: routes.TunnelPart, ID: "west-tgw--office-cpe/0"},
		{Kind: routes.TunnelPart, ID: "west-tgw--office-cpe/1"},
		{Kind: routes.LinkPart, ID: "west-tgw--office-cpe"},
		{Kind: routes.SitePart, ID: "office"},
		{Kind: routes.SitePart, ID: "west"},
		{Kind: routes.RegionPart, ID: "aws:us-west-2"},
		{Kind: routes.CloudPart, ID: "aws"},
	}
	if diff := cmp.Diff(want, n.plane().Parts()); diff != "" {
		t.Errorf("Parts (-want +got):\n%s", diff)
	}
}
