package spec

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// StarterOptions are the answers that a starter spec is written from. What is
// left out is made up, so that the result always reads without errors.
type StarterOptions struct {
	Name   string        // of the network; "my-network" where it is no name
	Sites  []StarterSite // two sites where there is none
	Pool   netip.Prefix  // IPv4; 10.0.0.0/8 where it is not valid
	OnPrem bool          // with a site of one's own
}

// StarterSite is a region of a public cloud.
type StarterSite struct {
	Cloud  vocab.Cloud
	Region string
}

// ParseStarterSite reads cloud:region, as in aws:us-west-2.
func ParseStarterSite(s string) (StarterSite, error) {
	name, region, ok := strings.Cut(s, ":")
	cloud, err := vocab.ParseCloud(name)
	if !ok || err != nil || !cloud.IsPublic() || !ValidName(region) {
		return StarterSite{}, fmt.Errorf("site %q is not cloud:region with one of aws, gcp, azure, as in aws:us-west-2", s)
	}
	return StarterSite{cloud, region}, nil
}

// ExampleRegion is the region of a cloud that hints name and a starter spec
// has when none is asked for: all of one part of the world. It is empty for a
// site of one's own.
func ExampleRegion(c vocab.Cloud) string {
	switch c {
	case vocab.AWS:
		return "us-west-2"
	case vocab.GCP:
		return "us-west1"
	case vocab.Azure:
		return "westus2"
	case vocab.OnPrem, vocab.Exchange:
		return ""
	}
	return ""
}

// accountExample is the account of each cloud in a starter spec.
var accountExample = map[vocab.Cloud]string{
	vocab.AWS:   `{cloud: aws, id: "111122223333"}             # the account's 12 digits, in quotes`,
	vocab.GCP:   `{cloud: gcp, project: my-project}            # the project id`,
	vocab.Azure: `{cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}`,
}

// Starter returns the commented spec that tieline init writes.
func Starter(o StarterOptions) string {
	s := starter{StarterOptions: o}
	s.fill()
	s.head()
	s.sites()
	s.connect()
	s.policy()
	return s.out.String()
}

type starter struct {
	StarterOptions
	names   []string // of the cloud sites
	home    netip.Prefix
	netSize int // prefix length of each network
	out     strings.Builder
}

// homes are the prefixes that the site of one's own may have, in order of
// choice.
var homes = []netip.Prefix{
	netip.MustParsePrefix("10.200.0.0/16"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("172.31.0.0/16"),
}

// fill makes up what is left out.
func (s *starter) fill() {
	if !ValidName(s.Name) || len(s.Name) > maxNetworkName {
		s.Name = "my-network"
	}
	if !s.Pool.IsValid() || !s.Pool.Addr().Is4() {
		s.Pool = netip.MustParsePrefix("10.0.0.0/8")
	}
	s.Pool = s.Pool.Masked()
	if len(s.Sites) == 0 {
		s.Sites = []StarterSite{{vocab.AWS, ExampleRegion(vocab.AWS)}, {vocab.GCP, ExampleRegion(vocab.GCP)}}
	}
	taken := map[string]bool{"app": true, "data": true, "headquarters": true}
	for _, site := range s.Sites {
		base := site.Cloud.String() + "-" + site.Region
		name := base
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		taken[name] = true
		s.names = append(s.names, name)
	}
	for _, h := range homes {
		if s.home = h; !h.Overlaps(s.Pool) || s.Pool.Bits()+4 <= h.Bits() {
			break
		}
	}
	// A cloud's and a region's block have twice the asked room, and the
	// clouds share the pool.
	room := s.Pool.Bits() + 4 + bits.Len(uint(len(s.Sites)))
	s.netSize = min(max(16, room), 22)
}

func (s *starter) line(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *starter) head() {
	s.line("# The network %s. Every key: docs/spec.md or tieline schema.", s.Name)
	s.line("# See what comes of it: tieline plan")
	s.line("version: 1")
	s.line("name: %s                 # leads the names of all resources", s.Name)
	s.line("environment: production")
	s.line("# tags: {team: platform}         # on every resource that takes tags or labels")
	s.line("")
	s.line("# Addresses are derived from the pool and kept in tieline.lock.")
	s.line("addressing:")
	s.line("  pool: %s", s.Pool)
	if s.OnPrem && s.home.Overlaps(s.Pool) {
		s.line("  reserved:                      # never allocated")
		s.line("    - {cidr: %s, for: headquarters}", s.home)
	}
	s.line("")
	s.line("# Where resources live, and who pays. Put in your own.")
	s.line("accounts:")
	for _, c := range vocab.Clouds {
		if s.has(c) {
			s.line("  %s-main: %s", c, accountExample[c])
		}
	}
	s.line("")
}

func (s *starter) has(c vocab.Cloud) bool {
	for _, site := range s.Sites {
		if site.Cloud == c {
			return true
		}
	}
	return false
}

func (s *starter) sites() {
	s.line("sites:")
	for i, site := range s.Sites {
		s.line("  %s:", s.names[i])
		s.line("    cloud: %s", site.Cloud)
		s.line("    region: %s", site.Region)
		s.line("    account: %s-main", site.Cloud)
		if site.Cloud == vocab.AWS {
			s.line("    zones: 2                     # each subnet is split over the zones")
		}
		s.line("    networks:")
		s.line("      main:")
		s.line("        size: /%d                # or pinned: cidr: ...", s.netSize)
		s.line("        subnets:")
		s.line("          app: {size: /%d, segment: app, internet: nat}   # internet: none, nat or public", s.netSize+4)
		s.line("          data: {size: /%d, segment: data}", s.netSize+4)
		s.line("      # legacy: {existing: ID, cidrs: [192.0.2.0/24]}     # a network that exists is joined, not made")
	}
	if s.OnPrem {
		s.line("  headquarters:                  # a site of your own")
		s.line("    cloud: onprem")
		s.line("    # city: Portland             # for latency estimates")
		s.line("    cidrs: [%s]", s.home)
		if s.Sites[0].Cloud == vocab.Azure {
			s.line("    public_ip: [203.0.113.10, 203.0.113.11]   # of the VPN devices: Azure wants two")
		} else {
			s.line("    public_ip: 203.0.113.10      # of the VPN device; two for two devices")
		}
		s.line("    bgp: {asn: 65010}")
	}
	s.line("")
}

func (s *starter) connect() {
	if len(s.names) < 2 && !s.OnPrem {
		s.line("# With a second site, join them:")
		s.line("# connect:")
		s.line("#   - {mesh: [%s, other-site]}", s.names[0])
		s.line("")
		return
	}
	s.line("# Which sites are joined: a mesh, a link of two, or a hub with spokes.")
	s.line("connect:")
	if len(s.names) > 1 {
		s.line("  - {mesh: [%s], bandwidth: 1Gbps}", strings.Join(s.names, ", "))
	}
	if s.OnPrem {
		s.line("  - {link: [headquarters, %s]}", s.names[0])
	}
	s.line("")
}

func (s *starter) policy() {
	s.line("# Groups of subnets, and what may talk to what: across subnets only what a")
	s.line("# rule allows, and the replies.")
	s.line("segments:")
	s.line("  app: {}")
	s.line("  data: {internal: deny}         # not even machines of one subnet among themselves")
	s.line("policy:")
	s.line("  - {from: app, to: data, ports: [tcp/5432]}")
	if s.OnPrem {
		s.line("  - {from: headquarters, to: app, ports: [tcp/443]}")
	}
	s.line("")
	if len(s.names) < 2 {
		return
	}
	s.line("# Expected traffic, for the bill and the capacity check.")
	s.line("traffic:")
	s.line(`  - {from: "%s:data", to: "%s:app", monthly: 1TB}`, s.names[0], s.names[1])
}
