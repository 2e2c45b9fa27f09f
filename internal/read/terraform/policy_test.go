package terraform_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform"
	"github.com/tieline/tieline/internal/vocab"
)

// withPolicies is a state with one HA VPN tunnel whose session has route
// policies: each of its terms is "kind priority match action action".
func withPolicies(terms ...string) []byte {
	var blocks [2][]string
	for i, kind := range []string{"IMPORT", "EXPORT"} {
		for _, t := range terms {
			words := strings.Split(t, " | ")
			if words[0] != kind {
				continue
			}
			var actions []string
			for _, a := range words[3:] {
				actions = append(actions, fmt.Sprintf(`{"expression":%q}`, a))
			}
			blocks[i] = append(blocks[i], fmt.Sprintf(`{"priority":%s,"match":[{"expression":%q}],"actions":[%s]}`, words[1], words[2], strings.Join(actions, ",")))
		}
	}
	resource := func(typ, name, values string) string {
		return fmt.Sprintf(`{"address":"%[1]s.%[2]s","mode":"managed","type":"%[1]s","name":"%[2]s","provider_name":"registry.terraform.io/hashicorp/google","values":{"name":"%[2]s","region":"us-west1",%[3]s}}`, typ, name, values)
	}
	list := []string{
		resource("google_compute_network", "net", `"auto_create_subnetworks":false,"routing_mode":"GLOBAL","delete_default_routes_on_create":true`),
		resource("google_compute_subnetwork", "app", `"network":"net","ip_cidr_range":"10.0.0.0/24"`),
		resource("google_compute_router", "cr", `"network":"net","bgp":[{"asn":64514,"advertise_mode":"DEFAULT"}]`),
		resource("google_compute_ha_vpn_gateway", "gw", `"network":"net"`),
		resource("google_compute_external_vpn_gateway", "dc", `"interface":[{"id":0,"ip_address":"203.0.113.1"}]`),
		resource("google_compute_vpn_tunnel", "t0", `"vpn_gateway":"gw","vpn_gateway_interface":0,"peer_external_gateway":"dc","peer_external_gateway_interface":0,"router":"cr"`),
		resource("google_compute_router_interface", "if0", `"router":"cr","vpn_tunnel":"t0","ip_range":"169.254.1.1/30"`),
		resource("google_compute_router_peer", "bgp0", `"router":"cr","interface":"if0","peer_ip_address":"169.254.1.2","peer_asn":65010,"import_policies":["in"],"export_policies":["out"]`),
		resource("google_compute_router_route_policy", "in", `"router":"cr","type":"ROUTE_POLICY_TYPE_IMPORT","terms":[`+strings.Join(blocks[0], ",")+`]`),
		resource("google_compute_router_route_policy", "out", `"router":"cr","type":"ROUTE_POLICY_TYPE_EXPORT","terms":[`+strings.Join(blocks[1], ",")+`]`),
	}
	return []byte(`{"format_version":"1.0","terraform_version":"1.9.8","values":{"root_module":{"resources":[` + strings.Join(list, ",") + `]}}}`)
}

// TestRoutePolicies: the terms of a Cloud Router's route policies that can be
// decided are read, and a session with any other is not passed.
func TestRoutePolicies(t *testing.T) {
	term := func(x fabric.RouteTerm, p string, least, top int) fabric.RouteTerm {
		x.Match = []fabric.PrefixRange{{Prefix: netip.MustParsePrefix(p), Least: least, Top: top}}
		return x
	}
	for _, test := range []struct {
		name          string
		terms         []string
		export, hears []fabric.RouteTerm
		unread        string
	}{
		{name: "none"},
		{
			name:   "prepend of one prefix",
			terms:  []string{"EXPORT | 1 | destination == '10.0.0.0/24' | asPath.prependSequence([64514, 64514])"},
			export: []fabric.RouteTerm{term(fabric.RouteTerm{Prepend: []vocab.ASN{64514, 64514}}, "10.0.0.0/24", 0, 0)},
		},
		{
			name:  "by priority, not by order",
			terms: []string{"IMPORT | 2 | true | med.add(50)", "IMPORT | 1 | destination.inAnyRange([prefix('192.168.0.0/16').orLonger()]) | drop()"},
			hears: []fabric.RouteTerm{term(fabric.RouteTerm{End: fabric.DropRoute}, "192.168.0.0/16", 16, 32), {MED: 50}},
		},
		{
			name:   "several ranges and actions",
			terms:  []string{`EXPORT | 1 | destination.inAnyRange(prefix("10.0.0.0/8").upTo(24)) || destination.inAnyRange([prefix('10.0.0.0/8').lengthRange(28, 30)]) | med.set(200) | communities.add(['64514:7']) | accept()`},
			export: []fabric.RouteTerm{{Match: []fabric.PrefixRange{{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Least: 8, Top: 24}, {Prefix: netip.MustParsePrefix("10.0.0.0/8"), Least: 28, Top: 30}}, SetMED: true, MED: 200, Attach: []fabric.Community{64514<<16 | 7}, End: fabric.AcceptRoute}},
		},
		{
			name:  "communities",
			terms: []string{"IMPORT | 1 | communities.matchesEvery(['65010:1', '65010:2']) | med.add(100)"},
			hears: []fabric.RouteTerm{{Communities: []fabric.Community{65010<<16 | 1, 65010<<16 | 2}, MED: 100}},
		},
		{name: "conditions that are not understood", terms: []string{"EXPORT | 1 | destination == '10.0.0.0/24' && true | drop()"}, unread: "matches by an expression that is not understood"},
		{name: "negation", terms: []string{"IMPORT | 1 | !destination.inAnyRange(prefix('10.0.0.0/8')) | drop()"}, unread: "matches by an expression that is not understood"},
		{name: "plain text as range", terms: []string{"IMPORT | 1 | destination.inAnyRange('10.0.0.0/8') | drop()"}, unread: "matches by an expression that is not understood"},
		{name: "two calls that look like one", terms: []string{"IMPORT | 1 | communities.matchesEvery(['1:1']) && communities.matchesEvery(['1:2']) | drop()"}, unread: "matches by an expression that is not understood"},
		{name: "actions that are not understood", terms: []string{"EXPORT | 1 | true | nextPolicy()"}, unread: "has an action that is not understood"},
		{name: "an action after the last", terms: []string{"EXPORT | 1 | true | accept() | med.set(1)"}, unread: "has an action that is not understood"},
		{name: "terms that meet", terms: []string{"EXPORT | 1 | true | med.add(5)", "EXPORT | 2 | destination == '10.0.0.0/24' | drop()"}, unread: "whose order of evaluation is not modelled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, diags := terraform.Read("state.json", withPolicies(test.terms...))
			if diags.HasErrors() || len(r.Network.Tunnels) != 1 {
				t.Fatalf("Read: %d tunnels, want 1: %s", len(r.Network.Tunnels), diags)
			}
			x := r.Network.Tunnels[0]
			e := x.Ends[0]
			if g, _ := r.Network.Gateway(e.Gateway); g.Kind != fabric.HAVPN {
				e = x.Ends[1]
			}
			if got := x.Meta.Unread; test.unread == "" && got != "" || !strings.Contains(got, test.unread) {
				t.Errorf("Read: unread %q, want %q", got, test.unread)
			}
			if test.unread != "" {
				return
			}
			opts := []cmp.Option{cmpopts.EquateComparable(fabric.PrefixRange{}), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(fabric.RouteTerm{}, "Origin")}
			if d := cmp.Diff(test.export, e.Export, opts...); d != "" {
				t.Errorf("export (-want +read):\n%s", d)
			}
			if d := cmp.Diff(test.hears, e.Import, opts...); d != "" {
				t.Errorf("import (-want +read):\n%s", d)
			}
		})
	}
}
