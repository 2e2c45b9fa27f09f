package aws

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

func TestACLRules(t *testing.T) {
	got := aclRules(fabric.FilterRule{
		Name: "web", Direction: fabric.Ingress, Action: fabric.Deny, Priority: 110,
		Services: []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: 80, Last: 81}}, {Proto: vocab.ICMP}},
		Peers:    []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	want := []hcl.Item{
		{Key: "ingress 110", Value: `{ egress = false, number = 110, action = "deny", protocol = "6", from = 80, to = 81, icmp = null, cidr = "10.0.0.0/8" }`},
		{Key: "ingress 111", Value: `{ egress = false, number = 111, action = "deny", protocol = "1", from = null, to = null, icmp = -1, cidr = "10.0.0.0/8" }`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("aclRules (-want +got):\n%s", diff)
	}
}

func TestPorts(t *testing.T) {
	for _, tt := range []struct {
		service  string
		protocol string
		from, to hcl.Expr
	}{
		{"any", "-1", "null", "null"},
		{"tcp", "tcp", "0", "65535"},
		{"tcp/443", "tcp", "443", "443"},
		{"udp/8000-8100", "udp", "8000", "8100"},
		{"icmp", "icmp", "-1", "-1"},
		{"esp", "50", "null", "null"},
	} {
		s, err := vocab.ParseService(tt.service)
		if err != nil {
			t.Fatal(err)
		}
		from, to := ports(s)
		if got := protocol(s.Proto); got != tt.protocol || from != tt.from || to != tt.to {
			t.Errorf("%s: protocol %s, ports %s to %s, want %s, %s to %s", tt.service, got, from, to, tt.protocol, tt.from, tt.to)
		}
	}
}

// TestTunnelOptions holds the options of a tunnel against its suite: exactly
// one algorithm for each role, by AWS's names.
func TestTunnelOptions(t *testing.T) {
	gcm := vocab.Suite{IKEEncryption: vocab.AES256GCM, PRF: vocab.SHA384, IKEGroup: 20, ESPEncryption: vocab.AES256GCM, PFSGroup: 19}
	cbc := vocab.Suite{IKEEncryption: vocab.AES256CBC, IKEIntegrity: vocab.SHA256, PRF: vocab.SHA256, IKEGroup: 14, ESPEncryption: vocab.AES256CBC, ESPIntegrity: vocab.SHA256, PFSGroup: 14}
	for _, tt := range []struct {
		name     string
		suite    vocab.Suite
		initiate bool
		want     []string
		not      []string
	}{
		{
			"GCM, dials", gcm, true,
			[]string{`phase1_encryption_algorithms = ["AES256-GCM-16"]`, `phase1_integrity_algorithms  = ["SHA2-384"]`, `phase1_dh_group_numbers      = [20]`, `phase2_dh_group_numbers      = [19]`, `startup_action               = "start"`},
			[]string{"phase2_integrity"},
		},
		{
			"CBC, waits", cbc, false,
			[]string{`phase1_integrity_algorithms  = ["SHA2-256"]`, `phase2_integrity_algorithms  = ["SHA2-256"]`, `startup_action               = "add"`},
			nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := root.New(&fabric.Network{}, atlas.Default())
			var b hcl.Body
			newWriter(set.Links(), fabric.Site{}).tunnel(&b, tt.suite, "tunnel1", fabric.TunnelEnd{InitiateIKE: tt.initiate, Phase1: 28800, Phase2: 3600, DPD: 30})
			text := string(b.Bytes())
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(text, not) {
					t.Errorf("%q in\n%s", not, text)
				}
			}
		})
	}
}

// TestKeysOfDerivedSubnets keeps derived subnets apart from those of a spec
// that are called the same.
func TestKeysOfDerivedSubnets(t *testing.T) {
	part := fabric.SubnetPart{Zone: "usw2-az1"}
	own, derived := subnetKey(fabric.Subnet{Name: "nat"}, part), subnetKey(fabric.Subnet{Name: "nat", Purpose: fabric.NATSubnet}, part)
	if own != "nat-usw2-az1" || derived == own {
		t.Errorf("subnetKey of a subnet called nat and a derived one = %q, %q", own, derived)
	}
}
