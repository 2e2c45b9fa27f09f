package audit

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// TestManagementPorts: who may open SSH to a machine with a public address in
// Google.
func TestManagementPorts(t *testing.T) {
	ssh := []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: 22, Last: 22}}}
	tests := []struct {
		name   string
		peers  string
		unread string   // of the rule
		policy string   // a range that policy names
		want   []string // severities and objects
	}{
		{name: "the internet", peers: "0.0.0.0/0", want: []string{"error net:app/web"}},
		{name: "a few of it", peers: "198.51.100.0/24", want: []string{"error net:app/web"}},
		{name: "the access proxy", peers: "35.235.240.0/20", want: []string{}},
		{name: "a part of the access proxy", peers: "35.235.241.0/24", want: []string{}},
		{name: "the access proxy, which policy names", peers: "35.235.240.0/20", policy: "35.235.240.0/20", want: []string{}},
		{name: "a rule that is not fully known", peers: "198.51.100.0/24", unread: "its tags are not read", want: []string{"warning net:app/web"}},
		{name: "more than the access proxy", peers: "35.235.224.0/19", want: []string{"error net:app/web"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := fabric.Network{
				Sites:   []fabric.Site{{ID: "ghislain", Cloud: vocab.GCP, Region: "europe-west1"}},
				VPCs:    []fabric.VPC{{ID: "net:app", Cloud: vocab.GCP, Sites: []fabric.SiteID{"ghislain"}, DefaultRoute: true, MTU: 1460}},
				Subnets: []fabric.Subnet{{ID: "net:app/web", VPC: "net:app", Site: "ghislain", Prefix: pfx("10.1.0.0/20"), Parts: []fabric.SubnetPart{{Prefix: pfx("10.1.0.0/20")}}, Internet: fabric.Public}},
				Filters: []fabric.Filter{{ID: "net:app/firewall", Kind: fabric.FirewallPolicy, VPC: "net:app", Rules: []fabric.FilterRule{
					{Name: "ssh", Direction: fabric.Ingress, Action: fabric.Allow, Priority: 1000, Services: ssh, Peers: []netip.Prefix{pfx(tt.peers)}, Unread: tt.unread},
				}}},
				RouteTables: []fabric.RouteTable{{ID: "net:app/rt", VPC: "net:app", Routes: []fabric.Route{{Prefix: pfx("0.0.0.0/0"), Hop: fabric.Hop{Kind: fabric.HopInternetGateway}}}}},
			}
			if tt.policy != "" {
				n.Policy = []fabric.PolicyRule{{From: []fabric.PolicyEnd{{Ref: tt.policy, Prefixes: []netip.Prefix{pfx(tt.policy)}}}, To: []fabric.PolicyEnd{{Ref: "web", Subnets: []fabric.SubnetID{"net:app/web"}}}, Services: ssh}}
			}
			a := atlas.Default()
			u := &auditor{n: &n, a: a, p: verify.New(&n, a)}
			u.managementPorts()
			got := []string{}
			for _, f := range u.out {
				got = append(got, f.Severity.String()+" "+f.Object)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("managementPorts() finds (-want +got):\n%s", diff)
			}
		})
	}
}
