package policy_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/compile/ipam"
	"github.com/tieline/tieline/internal/compile/policy"
	"github.com/tieline/tieline/internal/compile/services"
	"github.com/tieline/tieline/internal/compile/topology"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

// head is the part that all test specs share.
const head = `version: 1
name: net
accounts:
  prod: {cloud: aws, id: "111122223333"}
  host: {cloud: gcp, project: net-host}
  conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}
`

// design runs the passes up to and with policy.
func design(t testing.TB, text string) *draft.Draft {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(text)}})
	if diags.HasErrors() {
		t.Fatalf("Parse:\n%s\n%s", diags, text)
	}
	d := draft.New(&s, lock.Lock{}, atlas.Default())
	for _, pass := range []func(*draft.Draft){topology.Places, topology.Pairs, topology.Gateways, ipam.Addresses, services.Services} {
		pass(d)
		if d.Diags.HasErrors() {
			t.Fatalf("design:\n%s\n%s", d.Diags, text)
		}
	}
	policy.Filters(d)
	return d
}

func filter(t testing.TB, d *draft.Draft, id fabric.FilterID) fabric.Filter {
	t.Helper()
	for _, f := range d.Net.Filters {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no filter %s", id)
	return fabric.Filter{}
}

// lines gives a filter's rules as text.
func lines(f fabric.Filter) []string {
	var out []string
	for _, r := range f.Rules {
		var far []string
		for _, p := range r.Peers {
			far = append(far, p.String())
		}
		if r.PeerFilter != "" {
			far = append(far, string(r.PeerFilter))
		}
		if r.PeerEndpoint != "" {
			far = append(far, string(r.PeerEndpoint))
		}
		if r.PeerTag != "" {
			far = append(far, r.PeerTag)
		}
		if r.All {
			far = append(far, "*")
		}
		s := r.Name + ": " + r.Direction.String() + " " + r.Action.String()
		for _, v := range r.Services {
			s += " " + v.String()
		}
		s += " | " + strings.Join(far, " ")
		if len(r.Local) > 0 {
			s += " |"
			for _, p := range r.Local {
				s += " " + p.String()
			}
		}
		out = append(out, s)
	}
	return out
}

const shop = head + `
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {cidr: 10.0.0.0/16, subnets: {
    web: {cidr: 10.0.0.0/24, segment: web, internet: public}, db: {cidr: 10.0.1.0/24, segment: db, services: [s3, kms]}}}}}
  g: {cloud: gcp, region: us-west1, networks: {app: {cidr: 10.1.0.0/16, subnets: {
    job: {cidr: 10.1.0.0/24, segment: job, internet: nat}, db: {cidr: 10.1.1.0/24, segment: db, services: [storage]}}}}}
  z: {cloud: azure, region: westus2, networks: {app: {cidr: 10.2.0.0/16, subnets: {
    web: {cidr: 10.2.0.0/24, segment: web, internet: nat}, db: {cidr: 10.2.1.0/24, segment: db, services: [storage]}}}}}
segments: {web: {}, db: {internal: deny}, job: {}}
policy:
  - {from: web, to: db, ports: [tcp/5432, tcp/3306]}
  - {from: job, to: db, ports: [tcp/5432]}
  - {from: internet, to: "a:web", ports: [tcp/443]}
`

func TestNative(t *testing.T) {
	d := design(t, shop)
	if d.Diags.HasErrors() {
		t.Fatalf("Filters:\n%s", d.Diags)
	}
	for _, tt := range []struct {
		filter fabric.FilterID
		want   []string
	}{
		{"a/app/web/sg", []string{
			"allow-from-subnet: ingress allow any | a/app/web/sg",
			"allow-to-subnet: egress allow any | a/app/web/sg",
			"allow-path-mtu: ingress allow icmp | *",
			"allow-internet-tcp-443: ingress allow tcp/443 | *",
			"allow-to-db-tcp-3306-5432: egress allow tcp/3306 tcp/5432 | a/app/db/sg",
			"allow-to-db-elsewhere-tcp-3306-5432: egress allow tcp/3306 tcp/5432 | 10.1.1.0/24 10.2.1.0/24",
			"allow-to-internet: egress allow any | 0.0.0.0/5 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1",
		}},
		{"a/app/db/sg", []string{
			"allow-path-mtu: ingress allow icmp | 10.0.0.0/15 10.2.0.0/16",
			"allow-web-tcp-3306: ingress allow tcp/3306 | a/app/web/sg",
			"allow-web-elsewhere-tcp-3306: ingress allow tcp/3306 | 10.2.0.0/24",
			"allow-web-tcp-5432: ingress allow tcp/5432 | a/app/web/sg",
			"allow-web-job-elsewhere-tcp-5432: ingress allow tcp/5432 | 10.1.0.0/24 10.2.0.0/24",
			"allow-to-service-kms: egress allow tcp/443 | a/app/kms/endpoint/sg",
			"allow-to-service-s3: egress allow tcp/443 | a/app/s3",
		}},
		{"a/app/kms/endpoint/sg", []string{"allow-db-tcp-443: ingress allow tcp/443 | a/app/db/sg"}},
		{"a/app/web/nacl", []string{
			"allow-10-0-0-0-15: ingress allow any | 10.0.0.0/15",
			"allow-10-2-0-0-16: ingress allow any | 10.2.0.0/16",
			"deny-ssh: ingress deny tcp/22 | *",
			"deny-rdp: ingress deny tcp/3389 | *",
			"deny-winrm: ingress deny tcp/5985 | *",
			"deny-winrm-https: ingress deny tcp/5986 | *",
			"allow-rest-in: ingress allow any | *",
			"allow-rest-out: egress allow any | *",
		}},
		{"host:app/firewall", []string{
			"allow-ingress-within-g-job: ingress allow any | 10.1.0.0/24 | 10.1.0.0/24",
			"allow-egress-within-g-job: egress allow any | 10.1.0.0/24 | 10.1.0.0/24",
			"allow-path-mtu: ingress allow icmp | 10.0.0.0/15 10.2.0.0/16",
			"allow-in-web-to-db-tcp-3306: ingress allow tcp/3306 | 10.0.0.0/24 10.2.0.0/24 | 10.1.1.0/24",
			"allow-in-web-job-to-db-tcp-5432: ingress allow tcp/5432 | 10.0.0.0/24 10.1.0.0/24 10.2.0.0/24 | 10.1.1.0/24",
			"allow-out-job-to-db-tcp-5432: egress allow tcp/5432 | 10.0.1.0/24 10.1.1.0/24 10.2.1.0/24 | 10.1.0.0/24",
			"allow-out-google-services: egress allow tcp/443 | 199.36.153.8/30 | 10.1.1.0/24",
			"deny-egress-own-network: egress deny any | 10.0.0.0/15 10.2.0.0/16",
			"allow-egress-internet: egress allow any | * | 10.1.0.0/24",
			"deny-egress: egress deny any | *",
		}},
		{"z/app/web/nsg", []string{
			"allow-from-subnet: ingress allow any | 10.2.0.0/24",
			"allow-path-mtu: ingress allow icmp | 10.0.0.0/15 10.2.0.0/16",
			"allow-load-balancer: ingress allow any | AzureLoadBalancer",
			"deny-ingress: ingress deny any | *",
			"allow-to-subnet: egress allow any | 10.2.0.0/24",
			"allow-to-db-tcp-3306-5432: egress allow tcp/3306 tcp/5432 | 10.0.1.0/24 10.1.1.0/24 10.2.1.0/24",
			"deny-egress-own-network: egress deny any | VirtualNetwork",
			"allow-to-internet: egress allow any | Internet",
			"deny-egress: egress deny any | *",
		}},
		{"z/app/db/nsg", []string{
			"allow-path-mtu: ingress allow icmp | 10.0.0.0/15 10.2.0.0/16",
			"allow-load-balancer: ingress allow any | AzureLoadBalancer",
			"allow-web-tcp-3306: ingress allow tcp/3306 | 10.0.0.0/24 10.2.0.0/24",
			"allow-web-job-tcp-5432: ingress allow tcp/5432 | 10.0.0.0/24 10.1.0.0/24 10.2.0.0/24",
			"deny-ingress: ingress deny any | *",
			"allow-to-service-storage: egress allow tcp/443 | Storage",
			"deny-egress: egress deny any | *",
		}},
	} {
		if diff := cmp.Diff(tt.want, lines(filter(t, d, tt.filter))); diff != "" {
			t.Errorf("rules of %s (-want +got):\n%s", tt.filter, diff)
		}
	}
}

// Native rules are unique in name, in priority where they have one, and each
// has its reason.
func TestRulesAreUnique(t *testing.T) {
	d := design(t, shop)
	reasons := map[string]bool{}
	for _, r := range d.Net.Reasons {
		reasons[r.Object+" "+r.Field] = true
	}
	for _, f := range d.Net.Filters {
		names, priorities := map[string]bool{}, map[string]bool{}
		for _, r := range f.Rules {
			if names[r.Name] {
				t.Errorf("%s has two rules %s", f.ID, r.Name)
			}
			names[r.Name] = true
			if !reasons[string(f.ID)+" "+r.Name] {
				t.Errorf("%s: rule %s has no reason", f.ID, r.Name)
			}
			if !r.Origin.Pos.IsValid() {
				t.Errorf("%s: rule %s has no origin", f.ID, r.Name)
			}
			key := string(rune(r.Priority))
			if f.Kind != fabric.FirewallPolicy {
				key += r.Direction.String()
			}
			if f.Kind != fabric.SecurityGroup && priorities[key] {
				t.Errorf("%s has two rules of priority %d", f.ID, r.Priority)
			}
			priorities[key] = true
		}
	}
}

func TestFindings(t *testing.T) {
	const sites = head + `
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {size: /20, subnets: {web: {size: /24, internet: public}, db: {size: /24}}}}}
  z: {cloud: azure, region: westus2, networks: {app: {size: /20, subnets: {job: {size: /24}}}}}
  hq: {cloud: onprem, city: Portland, cidrs: [10.200.0.0/16]}
  lab: {cloud: onprem, city: Portland, cidrs: [10.201.0.0/16]}
`
	for _, tt := range []struct {
		name, policy string
		want         []string
	}{
		{"ssh open", `[{from: internet, to: web, ports: [tcp/22]}]`, []string{"error management-port-open"}},
		{"everything open", `[{from: internet, to: web, ports: any}]`, []string{"error management-port-open"}},
		{"ssh open by CIDR", `[{from: 0.0.0.0/0, to: web, ports: [tcp/1-1024]}]`, []string{"error management-port-open"}},
		{"ssh from a CIDR", `[{from: 203.0.113.0/24, to: web, ports: [tcp/22]}]`, nil},
		{"database open", `[{from: internet, to: web, ports: [tcp/5432]}]`, []string{"warning store-port-open"}},
		{"no way in", `[{from: internet, to: db, ports: [tcp/443]}]`, []string{"warning no-internet-way"}},
		{"no way out", `[{from: db, to: internet, ports: [tcp/443]}]`, []string{"warning no-internet-way"}},
		{"on-prem only", `[{from: hq, to: lab, ports: [tcp/443]}]`, []string{"note not-enforced"}},
		{"duplicate", `[{from: web, to: db, ports: [tcp/80]}, {from: web, to: db, ports: [tcp/80]}]`, []string{"warning rule-shadowed"}},
		{"shadowed", `[{from: web, to: db, ports: [tcp/80]}, {from: a, to: [a, z], ports: [tcp/1-100, udp]}]`, []string{"warning rule-shadowed"}},
		{"not shadowed", `[{from: web, to: db, ports: [tcp/80]}, {from: z, to: a, ports: [tcp]}]`, nil},
		{"sctp in Azure", `[{from: web, to: job, ports: [sctp/9]}]`, []string{"error azure-protocol"}},
		{"sctp elsewhere", `[{from: web, to: db, ports: [sctp/9]}]`, nil},
		{"IPv6", `[{from: "fd00::/8", to: db, ports: [tcp/9]}]`, []string{"error ipv6"}},
		{"none", `[]`, []string{"warning no-policy"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := design(t, sites+"policy: "+tt.policy+"\n")
			var got []string
			for _, x := range d.Diags {
				got = append(got, x.Severity.String()+" "+string(x.Code))
				if !x.Pos.IsValid() || x.Hint == "" && x.Code != "ipv6" {
					t.Errorf("%v has no place or no hint", x)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Filters(%s) reports %v, want %v\n%s", tt.policy, got, tt.want, d.Diags)
			}
		})
	}
}

// A rule from a subnet to the internet narrows what goes out to what it states,
// in all clouds; a rule from another subnet or from some of its machines does
// not.
func TestInternetNarrowed(t *testing.T) {
	const sites = head + `
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {cidr: 10.0.0.0/16, subnets: {x: {cidr: 10.0.0.0/24, segment: out, internet: nat, services: [s3]}}}}}
  g: {cloud: gcp, region: us-west1, networks: {app: {cidr: 10.1.0.0/16, subnets: {x: {cidr: 10.1.0.0/24, segment: out, internet: nat}, y: {cidr: 10.1.1.0/24, internet: nat}}}}}
  z: {cloud: azure, region: westus2, networks: {app: {cidr: 10.2.0.0/16, subnets: {x: {cidr: 10.2.0.0/24, segment: out, internet: public}}}}}
segments: {out: {}}
policy:
`
	outward := func(d *draft.Draft, id fabric.FilterID) []string {
		var out []string
		for _, l := range lines(filter(t, d, id)) {
			if strings.Contains(l, "egress allow") && (strings.Contains(l, "internet") || strings.Contains(l, "service")) {
				out = append(out, l)
			}
		}
		return out
	}
	for _, tt := range []struct {
		name, rule string
		want       [3][]string // of the groups of a and z, and the policy of g
	}{
		{"narrowed", "{from: out, to: internet, ports: [tcp/443]}", [3][]string{
			{"allow-to-internet-tcp-443: egress allow tcp/443 | *", "allow-to-service-s3: egress allow tcp/443 | a/app/s3"},
			{"allow-to-internet-tcp-443: egress allow tcp/443 | Internet"},
			{"allow-out-x-to-internet-tcp-443: egress allow tcp/443 | * | 10.1.0.0/24", "allow-egress-internet: egress allow any | * | 10.1.1.0/24"},
		}},
		{"of another", "{from: out, to: g/app/y, ports: [tcp/443]}", [3][]string{
			{"allow-to-internet: egress allow any | 0.0.0.0/5 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1"},
			{"allow-to-internet: egress allow any | Internet"},
			{"allow-egress-internet: egress allow any | * | 10.1.0.0/23"},
		}},
		{"of a part", "{from: 10.2.0.128/25, to: internet, ports: [tcp/443]}", [3][]string{
			{"allow-to-internet: egress allow any | 0.0.0.0/5 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1"},
			{"allow-to-internet-tcp-443: egress allow tcp/443 | Internet | 10.2.0.128/25", "allow-to-internet: egress allow any | Internet"},
			{"allow-egress-internet: egress allow any | * | 10.1.0.0/23"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := design(t, sites+"  - "+tt.rule+"\n")
			got := [3][]string{outward(d, "a/app/x/sg"), outward(d, "z/app/x/nsg"), outward(d, "host:app/firewall")}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ways out with %s (-want +got):\n%s", tt.rule, diff)
			}
		})
	}
}

// A group keeps the network's own addresses out of what is open to the
// internet, as long as that fits its quota; then it says whom it lets in.
func TestInternetOfGroups(t *testing.T) {
	const site = head + `
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {cidr: 10.0.0.0/16, subnets: {
    web: {cidr: 10.0.0.0/24, segment: web, internet: public}, job: {cidr: 10.0.1.0/24, segment: job, internet: nat}}}}}
%s
segments: {web: {}, job: {}}
policy:
  - {from: internet, to: web, ports: [%s]}
  - {from: job, to: internet, ports: [tcp/8443, tcp/9000]}
`
	const (
		hq   = "  hq: {cloud: onprem, city: Portland, cidrs: [10.200.0.0/16]}"
		rest = "0.0.0.0/5 8.0.0.0/7 11.0.0.0/8 12.0.0.0/6 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1"
	)
	for _, tt := range []struct {
		name, more, ports, in, out string
		note                       bool
	}{
		{"all guarded", "", "tcp/443", "*", "*", false},
		{"what goes out comes in elsewhere", "", "tcp/8000-8999", "*", rest, false},
		{"on-prem", hq, "tcp/443", rest, rest, false},
		{"room for seven", hq, "tcp/1, tcp/3, tcp/5, tcp/7, tcp/9, tcp/11, tcp/13", rest, rest, false},
		{"no room for eight", hq, "tcp/1, tcp/3, tcp/5, tcp/7, tcp/9, tcp/11, tcp/13, tcp/15", "*", rest, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := design(t, fmt.Sprintf(site, tt.more, tt.ports))
			far := func(id fabric.FilterID, lead string) string {
				for _, l := range lines(filter(t, d, id)) {
					if strings.HasPrefix(l, lead) {
						return l[strings.Index(l, "| ")+2:]
					}
				}
				return "no rule"
			}
			if got := far("a/app/web/sg", "allow-internet"); got != tt.in {
				t.Errorf("%s in from %s, want %s", tt.ports, got, tt.in)
			}
			if got := far("a/app/job/sg", "allow-to-internet"); got != tt.out {
				t.Errorf("out to %s, want %s", got, tt.out)
			}
			var notes []string
			for _, x := range d.Diags {
				if x.Code == "internet-widened" {
					notes = append(notes, x.Summary)
				}
			}
			if (len(notes) == 1) != tt.note || tt.note && !strings.Contains(notes[0], "own hq for tcp/1, ") {
				t.Errorf("notes are %q, want one of hq: %v", notes, tt.note)
			}
		})
	}
}

// The names of an interface endpoint resolve to addresses that are no part of
// the internet: a subnet with a way there needs a rule for them all the same.
func TestEndpointBesideInternet(t *testing.T) {
	for _, way := range []string{"none", "nat", "public"} {
		d := design(t, head+`
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {cidr: 10.0.0.0/16, subnets: {x: {cidr: 10.0.0.0/24, internet: `+way+`, services: [s3, kms]}}}}}
  hq: {cloud: onprem, city: Portland, cidrs: [10.200.0.0/16]}
`)
		out := lines(filter(t, d, "a/app/x/sg"))
		if want := "allow-to-service-kms: egress allow tcp/443 | a/app/kms/endpoint/sg"; !slices.Contains(out, want) {
			t.Errorf("internet: %s: rules are %q, want %q", way, out, want)
		}
		in := lines(filter(t, d, "a/app/kms/endpoint/sg"))
		if want := "allow-x-tcp-443: ingress allow tcp/443 | a/app/x/sg"; !slices.Contains(in, want) {
			t.Errorf("internet: %s: rules of the endpoint are %q, want %q", way, in, want)
		}
	}
}

// One warning names every subnet that has no way to the internet.
func TestNoWayNamesAll(t *testing.T) {
	const sites = head + `
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {cidr: 10.40.0.0/16, subnets: {
    x: {cidr: 10.40.0.0/24, internet: nat}, y: {cidr: 10.40.1.0/24}, z: {cidr: 10.40.2.0/24}}}}}
policy:
`
	for _, tt := range []struct{ name, rule, want string }{
		{"out", "{from: a, to: internet, ports: [tcp/443]}", `subnets "a/app/y", "a/app/z" do not reach the internet: they have internet: none`},
		{"in", "{from: internet, to: a, ports: [tcp/443]}", `the internet does not reach subnets "a/app/x", "a/app/y", "a/app/z": they have internet: nat or none`},
		{"one", "{from: a/app/z, to: internet, ports: [tcp/443]}", `subnet "a/app/z" does not reach the internet: it has internet: none`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := design(t, sites+"  - "+tt.rule+"\n")
			if len(d.Diags) != 1 || d.Diags[0].Summary != tt.want || len(d.Diags[0].Related) != strings.Count(tt.want, "a/app") {
				t.Errorf("Filters(%s) reports %v, want %q", tt.rule, d.Diags, tt.want)
			}
		})
	}
}

func TestDeterministic(t *testing.T) {
	a, b := design(t, shop), design(t, shop)
	prefixes := cmp.Comparer(func(p, q netip.Prefix) bool { return p == q })
	if diff := cmp.Diff(a.Net.Filters, b.Net.Filters, prefixes); diff != "" {
		t.Errorf("two designs of one spec differ:\n%s", diff)
	}
	if diff := cmp.Diff(a.Net.Reasons, b.Net.Reasons); diff != "" {
		t.Errorf("two designs of one spec have other reasons:\n%s", diff)
	}
}

// A rename keeps the native names of filters, which clouds do not change in
// place.
func TestNamesOutliveRenames(t *testing.T) {
	renamed := strings.Replace(shop, "web: {cidr: 10.0.0.0/24,", "front: {was: web, cidr: 10.0.0.0/24,", 1)
	got := filter(t, design(t, renamed), "a/app/front/sg").Name
	if want := "net-a-app-web"; got != want {
		t.Errorf("name of the renamed subnet's group = %q, want %q", got, want)
	}
}

// A rename keeps the native names of rules: clouds make a rule of another name
// anew, and it is missing meanwhile.
func TestRuleNamesOutliveRenames(t *testing.T) {
	renamed := strings.NewReplacer(
		"segment: db", "segment: store", "db: {internal: deny}", "store: {was: db, internal: deny}", "to: db", "to: store",
		"  g: {cloud", "  y: {was: g, cloud", "job: {cidr", "task: {was: job, cidr",
	).Replace(shop)
	was, is := design(t, shop), design(t, renamed)
	for old, now := range map[fabric.FilterID]fabric.FilterID{"host:app/firewall": "host:app/firewall", "z/app/db/nsg": "z/app/db/nsg", "z/app/web/nsg": "z/app/web/nsg"} {
		names := func(d *draft.Draft, id fabric.FilterID) []string {
			var out []string
			for _, r := range filter(t, d, id).Rules {
				out = append(out, r.Name)
			}
			slices.Sort(out)
			return out
		}
		if diff := cmp.Diff(names(was, old), names(is, now)); diff != "" {
			t.Errorf("names of the rules of %s after renames (-before +after):\n%s", now, diff)
		}
	}
}

// Long ends and many services still give names that every cloud takes.
func TestLongNames(t *testing.T) {
	var sites, refs []string
	for _, region := range []string{"us-west-2", "us-east-1", "eu-west-1"} {
		name := "a-site-with-quite-a-long-name-" + region
		sites = append(sites, "  "+name+": {cloud: aws, region: "+region+", networks: {app: {size: /20, subnets: {x: {size: /24}}}}}")
		refs = append(refs, name)
	}
	text := head + "sites:\n" + strings.Join(sites, "\n") + "\npolicy:\n  - {from: [" + strings.Join(refs, ", ") + "], to: [" + strings.Join(refs, ", ") + "], ports: [tcp/1, tcp/2, tcp/3, udp/4, udp/5000-6000]}\n"
	a := atlas.Default()
	for _, f := range design(t, text).Net.Filters {
		for _, r := range f.Rules {
			if !a.Name(atlas.NameGCPResource).Allows(r.Name) || !a.Name(atlas.NameAzureRule).Allows(r.Name) {
				t.Errorf("%s: rule name %q is refused by a cloud", f.ID, r.Name)
			}
		}
	}
}

// TestPathMTUOfManyPrefixes: however scattered a network's addresses are, the
// rule of a security group for path MTU discovery names few of them, and none
// of the network is left out.
func TestPathMTUOfManyPrefixes(t *testing.T) {
	scattered := func(format string, n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(format, 2*i))
		}
		return strings.Join(out, ", ")
	}
	for _, tt := range []struct{ name, prefixes, want string }{
		{"few", "10.200.0.0/24, 10.200.2.0/24", "10.0.0.0/16 10.200.0.0/24 10.200.2.0/24"},
		{"six in all", scattered("10.200.%d.0/24", 5), "10.0.0.0/16 10.200.0.0/24 10.200.2.0/24 10.200.4.0/24 10.200.6.0/24 10.200.8.0/24"},
		{"many", scattered("10.200.%d.0/24", 20) + ", 172.20.0.0/24", "10.0.0.0/8 172.16.0.0/12"},
		{"many with a public one", scattered("10.200.%d.0/24", 20) + ", 93.184.216.0/24", "10.0.0.0/8 93.184.216.0/24"},
		{"many public ones", scattered("93.184.%d.0/24", 20), "*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := design(t, head+`
sites:
  a: {cloud: aws, region: us-west-2, networks: {app: {cidr: 10.0.0.0/16, subnets: {web: {cidr: 10.0.0.0/24}}}}}
  hq: {cloud: onprem, city: Portland, cidrs: [`+tt.prefixes+`]}
policy:
  - {from: hq, to: a, ports: [tcp/443]}
`)
			for _, r := range filter(t, d, "a/app/web/sg").Rules {
				if !r.PathMTU {
					continue
				}
				got := strings.Trim(fmt.Sprint(r.Peers), "[]")
				if r.All {
					got = "*"
				}
				if got != tt.want {
					t.Errorf("%s is from %s, want %s", r.Name, got, tt.want)
				}
				return
			}
			t.Error("the group has no rule for path MTU discovery")
		})
	}
}
