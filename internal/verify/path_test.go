package verify

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/finding"
	"github.com/tieline/tieline/internal/vocab"
)

func mustEnd(t *testing.T, n *fabric.Network, ref string) fabric.PolicyEnd {
	t.Helper()
	e, err := n.End(ref)
	if err != nil {
		t.Fatalf("End(%q): %v", ref, err)
	}
	return e
}

// ask is [Proof.Flow] between what two references name.
func ask(t *testing.T, p *Proof, from, to, service string) Answer {
	t.Helper()
	s := vocab.Service{}
	if service != "any" {
		s = services(service)[0]
	}
	return p.Flow(mustEnd(t, p.Net, from), mustEnd(t, p.Net, to), s)
}

const waysText = `
version: 1
name: ways
accounts: {a: {cloud: aws, id: "111122223333"}, g: {cloud: gcp, project: ways-net}, z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}}
sites:
  aw: {cloud: aws, region: us-west-2, networks: {v: {size: /16, subnets: {none: {size: /24}, nat: {size: /24, internet: nat}, public: {size: /24, internet: public}}}}}
  gc: {cloud: gcp, region: us-west1, networks: {v: {size: /16, subnets: {nat: {size: /24, internet: nat}}}}}
  az: {cloud: azure, region: westus2, networks: {v: {size: /16, subnets: {nat: {size: /24, internet: nat}}}}}
policy:
  - {from: internet, to: aw/v/public, ports: [tcp/443, tcp/8443]}
  - {from: aw/v/nat, to: aw/v/none, ports: [udp/53]}
`

// TestWayOfVNetsThroughAGateway: what passes a gateway of Azure is bound by it,
// also where it crosses no tunnel.
func TestWayOfVNetsThroughAGateway(t *testing.T) {
	n := fromText(t, `
version: 1
name: spokes
accounts: {z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}}
sites:
  az: {cloud: azure, region: westus2, networks: {a: {size: /16, subnets: {a: {size: /20}}}, b: {size: /16, subnets: {b: {size: /20}}}}}
  hq: {cloud: onprem, city: Portland, cidrs: [192.168.0.0/16], public_ip: [203.0.113.10, 203.0.113.11], bgp: {asn: 65010}}
connect:
  - {link: [az, hq]}
policy:
  - {from: az/a/a, to: az/b/b, ports: [tcp/443]}
`)
	a := atlas.Default()
	answer := ask(t, New(n, a), "az/a/a", "az/b/b", "tcp/443")
	want, _ := a.MTU(atlas.MTUAzureGateway)
	if answer.Yes == nil || answer.Yes.Forward.MTU != want || answer.Yes.Return.MTU != want {
		t.Errorf("Flow(az/a/a, az/b/b).Yes = %+v, want an MTU of %d both ways", answer.Yes, want)
	}
}

// TestWaysOfTheInternet: the internet bounds packets both ways, and what shows
// an answer comes from the port of a client.
func TestWaysOfTheInternet(t *testing.T) {
	a := atlas.Default()
	p := New(fromText(t, waysText), a)
	internet, _ := a.MTU(atlas.MTUAWSInternet)
	vpc, _ := a.MTU(atlas.MTUGCPVPC)
	for _, tt := range []struct {
		from, to string
		mtu      int
	}{
		{"aw/v/nat", "internet", internet},
		{"internet", "aw/v/public", internet},
		{"gc/v/nat", "internet", vpc},
		{"az/v/nat", "internet", internet},
	} {
		y := ask(t, p, tt.from, tt.to, "tcp/443").Yes
		if y == nil {
			t.Errorf("Flow(%s, %s) has no packet that gets through", tt.from, tt.to)
			continue
		}
		if y.Forward.MTU != tt.mtu || y.Return.MTU != tt.mtu {
			t.Errorf("Flow(%s, %s) carries %d and %d bytes back, want %d", tt.from, tt.to, y.Forward.MTU, y.Return.MTU, tt.mtu)
		}
		if port := y.Packet.SrcPort; port < p.clientPorts.First || port > p.clientPorts.Last {
			t.Errorf("Flow(%s, %s) is shown from port %d, want one of %v", tt.from, tt.to, port, p.clientPorts)
		}
	}
}

// TestPartlySaysWhat: of any service it is told what gets through, and shown.
func TestPartlySaysWhat(t *testing.T) {
	p := New(fromText(t, waysText), atlas.Default())
	for _, tt := range []struct {
		from, to, service string
		want              []vocab.Service
		port              uint16
	}{
		{"internet", "aw/v/public", "any", services("tcp/443", "tcp/8443"), 443},
		{"internet", "aw/v/public", "tcp/1000-9000", services("tcp/8443"), 8443},
		{"aw/v/nat", "aw/v/none", "udp", services("udp/53"), 53},
		{"internet", "aw/v/public", "tcp/443", nil, 443}, // wholly reachable
	} {
		got := ask(t, p, tt.from, tt.to, tt.service)
		if d := cmp.Diff(tt.want, got.Services); d != "" {
			t.Errorf("Flow(%s, %s, %s).Services (-want +got):\n%s", tt.from, tt.to, tt.service, d)
		}
		if got.Yes == nil || !got.Yes.Works() || got.Yes.Packet.DstPort != tt.port {
			t.Errorf("Flow(%s, %s, %s).Yes = %+v, want one to port %d", tt.from, tt.to, tt.service, got.Yes, tt.port)
		}
	}
}

// TestWhatBlocksHasALine: where no rule, route or address lets a packet on,
// the line of the subnet or network says which part of the spec it is.
func TestWhatBlocksHasALine(t *testing.T) {
	n := fromText(t, waysText)
	p := New(n, atlas.Default())
	for _, tt := range []struct {
		from, to, service string
		want              string
	}{
		{"internet", "aw/v/none", "tcp/443", "sites.aw.networks.v.subnets.none"},    // no public address
		{"internet", "aw/v/public", "tcp/22", "sites.aw.networks.v.subnets.public"}, // no ingress rule
		{"aw/v/public", "az/v/nat", "icmp", "sites.aw.networks.v.subnets.public"},   // no egress rule
	} {
		got := ask(t, p, tt.from, tt.to, tt.service)
		if got.No == nil {
			t.Errorf("Flow(%s, %s, %s) has no packet that is stopped", tt.from, tt.to, tt.service)
			continue
		}
		if o := lastStep(got.No).Origin; o.Path != tt.want || !o.Pos.IsValid() {
			t.Errorf("Flow(%s, %s, %s) ends at %+v, want %s", tt.from, tt.to, tt.service, o, tt.want)
		}
	}
	// No route: the network behind the table.
	from, to := p.bySubnet["aw/v/none"], p.bySubnet["az/v/nat"]
	forward, _, ok := p.Walks(from, to)
	if ok {
		t.Fatal("Walks(aw/v/none, az/v/nat) arrives, want no route")
	}
	i := slices.IndexFunc(forward.Steps, func(s Step) bool { return !s.Pass })
	if i < 0 || !forward.Steps[i].Origin.Pos.IsValid() {
		t.Errorf("Walks(aw/v/none, az/v/nat) ends at %+v, want a line", forward.Steps)
	}
}

// TestRouteText: what a table says is told once.
func TestRouteText(t *testing.T) {
	for _, tt := range []struct {
		route routes.Route
		want  string
	}{
		{routes.Route{Prefix: pfx("10.0.0.0/16"), Protocol: routes.Static, Why: "a static route to hq"}, "10.0.0.0/16, a static route to hq"},
		{routes.Route{Prefix: pfx("10.0.0.0/16"), Protocol: routes.Local, Why: "a subnet of the VPC"}, "10.0.0.0/16, a subnet of the VPC"},
		{routes.Route{Prefix: pfx("10.0.0.0/16"), Protocol: routes.Propagated}, "10.0.0.0/16, propagated route"},
		{routes.Route{Prefix: pfx("10.0.0.0/16"), Protocol: routes.BGP, Path: []vocab.ASN{64515}, Why: "the only usable path"}, "10.0.0.0/16 by BGP, AS path 64515 (the only usable path)"},
		{routes.Route{}, "no route"},
	} {
		if got := routeText(&tt.route); got != tt.want {
			t.Errorf("routeText(%v) = %q, want %q", tt.route, got, tt.want)
		}
	}
}

// TestGatewayIsOneStep: a gateway and its own table are one line of a walk.
func TestGatewayIsOneStep(t *testing.T) {
	n, a := compiled(t, corpus[1].dir)
	y := ask(t, New(n, a), "azure-wus2/app/app", "aws-oregon/app/app", "tcp/443").Yes
	if y == nil {
		t.Fatal("Flow() has no packet that gets through")
	}
	for _, w := range []Walk{y.Forward, *y.Return} {
		for i := range w.Steps[1:] {
			if w.Steps[i].Object == w.Steps[i+1].Object && w.Steps[i].Kind != FilterStep {
				t.Errorf("steps %d and %d are both of %s", i, i+1, w.Steps[i].Object)
			}
		}
	}
}

// TestTwoWays: a way that only packets take, or only replies, is told, and the
// witness goes by it.
func TestTwoWays(t *testing.T) {
	n := fromText(t, `
version: 1
name: mesh
accounts: {a: {cloud: aws, id: "111122223333"}, z: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}}
sites:
  east: {cloud: aws, region: us-east-1, gateway: {kind: transit-gateway}, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
  west: {cloud: aws, region: us-west-2, gateway: {kind: transit-gateway}, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
  az: {cloud: azure, region: westus2, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
connect:
  - {mesh: [east, west, az]}
policy:
  - {from: east/a/a, to: az/a/a, ports: [tcp/443]}
`)
	if list := codes(New(n, atlas.Default()), finding.TwoWays); len(list) > 0 {
		t.Fatalf("Findings() of the mesh has %v, want none", list)
	}
	var peering, vpn fabric.AttachmentID
	for _, a := range n.Attachments {
		switch {
		case a.Kind == fabric.TransitPeering:
			peering = a.ID
		case a.Kind == fabric.TransitVPNAttachment && a.Gateway == "west/tgw":
			vpn = a.ID
		}
	}
	az, _ := n.Subnet("az/a/a")
	detour := func(gateway fabric.GatewayID, by fabric.AttachmentID) {
		for i := range n.Gateways {
			if g := &n.Gateways[i]; g.ID == gateway {
				for k := range g.Tables {
					g.Tables[k].Routes = append(slices.Clone(g.Tables[k].Routes), fabric.Route{Prefix: az.Prefix, Hop: fabric.Hop{Kind: fabric.HopAttachment, Attachment: by}})
				}
			}
		}
	}
	detour("east/tgw", peering)
	detour("west/tgw", vpn)
	list := codes(New(n, atlas.Default()), finding.TwoWays)
	if len(list) != 1 {
		t.Fatalf("Findings() has %d findings %s, want 1", len(list), finding.TwoWays)
	}
	w := list[0].Witness
	if want := "between east and az packets go by east--west, az--west and replies by az--east"; list[0].Summary != want {
		t.Errorf("Findings() says %q, want %q", list[0].Summary, want)
	}
	if !slices.Equal(w.Forward.Links, []fabric.LinkID{"east--west", "az--west"}) || !slices.Equal(w.Return.Links, []fabric.LinkID{"az--east"}) {
		t.Errorf("the witness goes by %v and back by %v", w.Forward.Links, w.Return.Links)
	}
}

func codes(p *Proof, code diag.Code) []Finding {
	return slices.DeleteFunc(p.Findings(), func(f Finding) bool { return f.Code != code })
}

// TestLoopsOfASummary: what a summary holds that nothing has is one note.
func TestLoopsOfASummary(t *testing.T) {
	p := New(fromText(t, loopText), atlas.Default())
	list := codes(p, finding.Loop)
	if len(list) == 0 {
		t.Fatal("Findings() has no loop")
	}
	seen := map[string]bool{}
	for _, f := range list {
		_, cause, _ := strings.Cut(f.Summary, "the route to ")
		if f.Severity != diag.Note || f.Hint == "" || seen[cause] {
			t.Errorf("Findings() has %v %s (hint %q), want one note for each route, with a hint", f.Severity, f.Summary, f.Hint)
		}
		seen[cause] = true
	}
}

const loopText = `
name: gglob
version: 1
environment: production
accounts:
  prod: {cloud: aws, id: "111122223333"}
  net: {cloud: gcp, project: p-net}
  conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}

sites:
  g1: {cloud: gcp, region: us-west1, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
  g2: {cloud: gcp, region: europe-west1, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
  w: {cloud: aws, region: us-west-2, gateway: {kind: transit-gateway}, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
  az: {cloud: azure, region: westeurope, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
connect:
  - {mesh: [g1, g2, w, az]}
policy:
  - {from: [g1, g2], to: [w, az], ports: [tcp/443]}
`
