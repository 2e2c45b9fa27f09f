package audit_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNeedlessLinks: a link of which something is broken is not called
// needless.
func TestNeedlessLinks(t *testing.T) {
	site := "  v: {cloud: aws, region: us-east-1, gateway: {kind: virtual-private-gateway}, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}\n" +
		"  hq: {cloud: onprem, city: Portland, cidrs: [%s], public_ip: [203.0.113.10, 203.0.113.11], bgp: {asn: 65010}}\n"
	many := make([]string, 110)
	for i := range many {
		many[i] = fmt.Sprintf("172.16.%d.0/24", 2*i)
	}
	needless := func(id string) string {
		return "note " + id + ": link " + id + " is needless: without it everything works as well, and costs no more by traffic; " +
			"take it out of connect, or state an assertion that it serves (survives)"
	}
	tests := []struct {
		name, spec string
		want       []string
	}{
		{
			"a session that ends by a limit", fmt.Sprintf(site, strings.Join(many, ", ")) + "connect: [{link: [v, hq]}, {link: [gc, hq]}]\n" +
				"policy: [{from: v, to: hq, ports: [tcp/443]}, {from: gc, to: hq, ports: [tcp/443]}]\n", []string{},
		},
		{
			"no way over a site that hands nothing on", fmt.Sprintf(site, "172.16.0.0/16") + "connect: [{link: [v, hq]}, {link: [gc, hq]}]\n" +
				"policy: [{from: v, to: gc, ports: [tcp/443]}]\n", []string{},
		},
		{
			"all that policy wants works", fmt.Sprintf(site, "172.16.0.0/16") + "connect: [{link: [v, hq]}, {link: [gc, hq]}]\n" +
				"policy: [{from: hq, to: gc, ports: [tcp/443]}]\n", []string{needless("hq--v")},
		},
	}
	limit := said(t, "TL1101", clouds+tests[0].spec)
	if len(limit) != 1 || !strings.HasSuffix(limit[0], "; summarise what is announced: the cloud does not raise this limit") {
		t.Errorf("TL1101 = %q, want one without a facts file for it", limit)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, said(t, "TL2010", clouds+tt.spec)); diff != "" {
				t.Errorf("TL2010 (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGoogleInBetween: two sites behind Google are told once, with a hint that
// mends it.
func TestGoogleInBetween(t *testing.T) {
	text := strings.Replace(clouds, "region: us-west1,", "region: us-west1, gateway: {transit: ncc},", 1) + "connect: [%s]\npolicy: [{from: aw, to: az, ports: [tcp/443]}]\n"
	links := fmt.Sprintf(text, "{link: [aw, gc]}, {link: [az, gc]}")
	want := []string{"error aw--az: aw and az are joined by gc/vpn only, whose Cloud Router does not tell one of the other; " +
		"join them: connect: [{link: [aw, az]}], or take a site in AWS or Azure as their hub"}
	if diff := cmp.Diff(want, said(t, "TL2107", links)); diff != "" {
		t.Errorf("TL2107 (-want +got):\n%s", diff)
	}
	if got := said(t, "TL2203", links); len(got) > 0 {
		t.Errorf("TL2203 repeats TL2107: %q", got)
	}
	joined := fmt.Sprintf(text, "{link: [aw, gc]}, {link: [az, gc]}, {link: [aw, az]}")
	for _, code := range []string{"TL1002", "TL1016", "TL2107"} {
		if got := said(t, code, joined); len(got) > 0 {
			t.Errorf("%s with the link of the hint: %q", code, got)
		}
	}
	idle := strings.Replace(links, "policy: [{from: aw, to: az", "policy: [{from: aw, to: gc", 1)
	if got := said(t, "TL2203", idle); len(got) != 1 || !strings.Contains(got[0], "site gc hands nothing on from one of its 2 links") {
		t.Errorf("TL2203 of a site with links = %q, want one that calls it no hub", got)
	}
}

// TestGrouped: in a large network one cause is one finding.
func TestGrouped(t *testing.T) {
	n, a := load(t, "../testkit/networks/estate/network.yaml")
	count, objects := map[string]int{}, map[string]bool{}
	for _, f := range check(n, a) {
		count[string(f.Code)]++
		if f.Code == "TL2106" && objects[f.Object] {
			t.Errorf("TL2106 is told twice of %s", f.Object)
		}
		objects[f.Object] = f.Code == "TL2106" || objects[f.Object]
		if f.Code == "TL2010" && !strings.Contains(f.Summary, "beyond 60 it is not") {
			t.Errorf("TL2010 = %q, want the bound", f.Summary)
		}
	}
	want := map[string]int{"TL2010": 1, "TL2014": 1, "TL2106": 10, "TL2411": 1}
	for _, code := range []string{"TL2010", "TL2014", "TL2106", "TL2411"} {
		if count[code] != want[code] {
			t.Errorf("%d findings of %s, want %d", count[code], code, want[code])
		}
	}
}

// TestNeedlessTransitGateway: the text of a transit gateway that is pinned and
// has no stated traffic.
func TestNeedlessTransitGateway(t *testing.T) {
	data, err := os.ReadFile("testdata/TL2403/bad.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(data), "traffic:")
	want := []string{"note dublin/tgw: dublin/tgw joins one VPC to 1 link without stated traffic: a virtual private gateway does that without attachments; "}
	if diff := cmp.Diff(want, said(t, "TL2403", text)); diff != "" {
		t.Errorf("TL2403 (-want +got):\n%s", diff)
	}
}
