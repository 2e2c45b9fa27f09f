package assert_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/assert"
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

// abroad is a triangle of which one corner is in another part of the world,
// and the way round when the link between the other two fails.
const abroad = `version: 1
name: abroad
accounts:
  prod: {cloud: aws, id: "111122223333"}
  net: {cloud: gcp, project: abroad-net}
  conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}
sites:
  a: {cloud: aws, region: eu-central-1, networks: {n: {size: /16, subnets: {x: {size: /20, segment: blue}, y: {size: /20, segment: red}}}}}
  g: {cloud: gcp, region: europe-west3, networks: {n: {size: /16, subnets: {x: {size: /20, segment: blue}}}}}
  z: {cloud: azure, region: eastus, networks: {n: {size: /16, subnets: {x: {size: /20, segment: green}, w: {size: /24, segment: web, internet: public}}}}}
  hq: {cloud: onprem, cidrs: [10.200.0.0/16], public_ip: [203.0.113.10, 203.0.113.11], bgp: {asn: 65010}}
connect:
  - {mesh: [a, g, z]}
  - {hub: a, spokes: [hq, g]}
segments: {blue: {}, red: {}, green: {}, web: {}}
policy:
  - {from: blue, to: blue, ports: tcp/443}
  - {from: hq, to: red, ports: tcp/443}
  - {from: red, to: green, ports: tcp/5432}
  - {from: internet, to: web, ports: tcp/443}
`

func fromText(t *testing.T, text string, change func(*fabric.Network)) *network {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(text)}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r := compile.Compile(&s, lock.Lock{}, atlas.Default())
	if r.Diags.HasErrors() {
		t.Fatal(r.Diags)
	}
	if change != nil {
		change(r.Network)
	}
	return &network{s, verify.New(r.Network, atlas.Default())}
}

func TestVerdicts(t *testing.T) {
	n := fromText(t, abroad, nil)
	for _, tt := range []struct {
		name, assertion string
		want            string // verdict, and what the reason holds
	}{
		{"allow across", "allow: {from: blue, to: blue, ports: tcp/443}", "pass"},
		{"allow of part of a range", "allow: {from: 10.200.7.0/24, to: red, ports: tcp/443}", "pass"},
		{"allow too much", "allow: {from: hq, to: [red, blue], ports: tcp/443}", "fail: hq to blue, tcp/443: packets do not get through"},
		{"allow only some ports", "allow: {from: hq, to: red, ports: tcp/440-450}", "fail: some packets do not get through"},
		{"allow from the internet", "allow: {from: internet, to: web, ports: tcp/443}", "pass"},
		{"deny the internet", "deny: {from: internet, to: [blue, red, green]}", "pass"},
		{"deny what is open", "deny: {from: internet, to: web}", "fail: internet to web, any: packets get through"},
		{"deny other ports", "deny: {from: internet, to: web, ports: [tcp/22, udp]}", "pass"},
		{"deny all but path MTU discovery", "deny: {from: hq, to: a/n/x}", "pass"},
		{"deny a ping", "deny: {from: hq, to: g}", "fail: hq to g, any: packets get through"},
		{"deny tcp where a ping gets through", "deny: {from: hq, to: g, ports: [tcp, udp]}", "pass"},
		{"deny the reverse", "deny: {from: red, to: hq}", "pass"},

		{"survives a tunnel", "survives: {failures: 1, of: tunnel, for: {from: hq, to: red}}", "pass"},
		{"survives its only link", "survives: {failures: 1, of: link, for: {from: hq, to: red}}", "fail: without link a--hq"},
		{"survives by the way round", "survives: {failures: 1, of: link, for: {from: blue, to: g}}", "pass"},
		{"does not survive two links", "survives: {failures: 2, of: link, for: {from: \"a:blue\", to: g}}", "fail: without link a--g and link"},
		{"its own end does not count", "survives: {failures: 1, of: [site], for: {from: hq, to: red}}", "pass"},
		{"nothing to survive", "survives: {failures: 1, for: {from: green, to: hq}}", "fail: nothing gets through from green to hq"},

		{"via a tunnel", "via: {from: red, to: green, encrypted: true, private: true, never: [g, internet]}", "pass"},
		{"via another link", "via: {from: red, to: green, never: z--a}", "fail: cross a--z"},
		{"via no VPN", "via: {from: red, to: green, never: vpn}", "fail: a VPN"},
		{"via a way between", "via: {from: hq, to: g, never: a}", "fail: cross site a"},
		{"via the internet", "via: {from: web, to: internet, encrypted: true}", "fail: leave for the internet"},

		{"rtt", "at_most: {from: a, to: g, rtt: 5ms}", "pass: the longest 1.8 ms"},
		{"rtt too long", "at_most: {from: a, to: z, rtt: 5ms}", "fail: and back take"},
		{"rtt over two links", "at_most: {from: hq, to: g, rtt: 1ms}", "unknown: round trip of a link"},
		{"hops", "at_most: {from: red, to: green, hops: 5}", "pass"},
		{"hops too many", "at_most: {from: hq, to: g, hops: 1}", "fail: hops"},
		{"mtu", "at_least: {from: a, to: g, mtu: 1398}", "pass: the least of 1398 bytes"},
		{"mtu too large", "at_least: {from: a, to: g, mtu: 1399}", "fail: are at most 1398 bytes long"},
		{"bandwidth", "at_least: {from: a, to: g, bandwidth: 500Mbps}", "pass"},
		{"bandwidth too much", "at_least: {from: a, to: z, bandwidth: 40Gbps}", "fail: cross gateway z/vpn, which carries 650Mbps"},

		{"stays while all is well", "stays: {blue: [eu, us]}", "pass"},
		{"stays only while all is well", "stays: {blue: [eu]}", "fail: without link a--g"},
		{"stays in sites", "stays: {blue: [a, g, z]}", "pass"},
		{"stays with those abroad", "stays: {green: [us]}", "fail: cross site a, which is not in us"},
		{"stays though open", "stays: {web: [us]}", "fail: z/n/w exchanges packets with the internet"},
		{"stays with who knows where", "stays: {red: [eu, us]}", "unknown: site hq, of which it is not known where it lies"},
		{"stands elsewhere", "stays: {z/n/x: [eu]}", "fail: z/n/x is at site z, which is not in eu"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			results, diags := n.run("- "+tt.assertion+"\n", assert.Options{})
			if len(diags) > 0 || len(results) != 1 {
				t.Fatalf("Run(%s) = %v, %v, want one result", tt.assertion, results, diags)
			}
			got := results[0]
			verdict, why, _ := strings.Cut(tt.want, ": ")
			if got.Verdict.String() != verdict || !strings.Contains(got.Why, why) {
				t.Errorf("Run(%s) = %v: %s, want %s", tt.assertion, got.Verdict, got.Why, tt.want)
			}
			if verb, _, _ := strings.Cut(tt.assertion, ":"); got.Verb != verb || got.Pos.Line != 1 || got.Text == "" {
				t.Errorf("Run(%s) = %+v, want verb, place and text", tt.assertion, got)
			}
		})
	}
}

// TestUnreadIsUnknown: what is not understood never passes, and does not hide
// what fails for certain.
func TestUnreadIsUnknown(t *testing.T) {
	n := fromText(t, abroad, func(n *fabric.Network) {
		for i := range n.Gateways {
			if n.Gateways[i].Site == "g" {
				n.Gateways[i].Meta.Unread = "its routes are only known once it is built"
			}
		}
	})
	const text = `- via: {from: "a:blue", to: g, encrypted: true}
- at_most: {from: "a:blue", to: g, rtt: 5ms}
- at_least: {from: "a:blue", to: g, mtu: 1300}
- survives: {failures: 1, of: tunnel, for: {from: "a:blue", to: g}}
- via: {from: red, to: z, encrypted: true}
`
	results, diags := n.run(text, assert.Options{})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var got []string
	for _, r := range results {
		got = append(got, r.Verb+" "+r.Verdict.String())
	}
	want := []string{"via unknown", "at_most unknown", "at_least unknown", "survives unknown", "via pass"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Run (-want +got):\n%s", diff)
		for _, r := range results {
			t.Logf("%s %s: %s", r.Verb, r.Verdict, r.Why)
		}
	}
}

// TestWitness: what fails shows a packet and the tables that it went through.
func TestWitness(t *testing.T) {
	n := fromText(t, abroad, nil)
	results, _ := n.run("- via: {from: hq, to: \"g:blue\", never: a}\n- deny: {from: internet, to: web}\n- survives: {failures: 1, of: link, for: {from: hq, to: red}}\n", assert.Options{})
	for _, r := range results {
		w := r.Witness
		if w == nil || !w.Packet.Src.IsValid() || !w.Packet.Dst.IsValid() || len(w.Forward.Steps) == 0 {
			t.Errorf("%s: witness = %+v, want a packet with its way", r.Verb, w)
		}
	}
	way := results[0].Witness.Forward
	if got := way.Links; !cmp.Equal(got, []fabric.LinkID{"a--hq", "a--g"}) {
		t.Errorf("links of the witness = %v, want [a--hq a--g]", got)
	}
	if last := way.Steps[len(way.Steps)-1]; last.Kind != verify.ArriveStep || !last.Pass || last.Object != "g" {
		t.Errorf("last step = %+v, want the arrival at g", last)
	}
	if lost := results[2].Witness.Forward; lost.Steps[len(lost.Steps)-1].Pass {
		t.Errorf("last step of a lost packet passes: %+v", lost.Steps)
	}
}

// TestWorkers: the result does not depend on how many try the failures.
func TestWorkers(t *testing.T) {
	n := fromText(t, abroad, nil)
	const text = `- survives: {failures: 2, for: {from: [blue, hq], to: [blue, red]}}
- survives: {failures: 2, of: [tunnel, gateway], for: {from: hq, to: red}}
- stays: {blue: [eu], red: [eu]}
`
	one, _ := n.run(text, assert.Options{Workers: 1})
	four, _ := n.run(text, assert.Options{Workers: 4})
	if diff := cmp.Diff(one, four, cmp.Comparer(func(a, b *verify.Witness) bool {
		return (a == nil) == (b == nil) && (a == nil || a.Packet == b.Packet && cmp.Equal(a.Forward.Links, b.Forward.Links))
	})); diff != "" {
		t.Errorf("Run with four workers differs from one (-one +four):\n%s", diff)
	}
	if len(one) != 4 || one[0].Verdict != assert.Fail {
		t.Errorf("Run = %+v", one)
	}
}

// TestNamesNothing: a range in which no machine stands is an error.
func TestNamesNothing(t *testing.T) {
	n := fromText(t, abroad, nil)
	_, diags := n.run("- deny: {from: internet, to: 10.99.0.0/16}\n- via: {from: 172.16.0.0/12, to: blue, private: true}\n", assert.Options{})
	if len(diags) != 2 || !diags.HasErrors() || diags[0].Pos.Line != 1 || !strings.Contains(diags[0].Summary, "10.99.0.0/16") {
		t.Errorf("Run = %v, want two errors", diags)
	}
}
