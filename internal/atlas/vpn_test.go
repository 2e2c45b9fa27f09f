package atlas

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/vocab"
)

var strongest = vocab.Suite{
	IKEEncryption: vocab.AES256GCM, PRF: vocab.SHA384, IKEGroup: 20,
	ESPEncryption: vocab.AES256GCM, PFSGroup: 20,
}

func TestVPNOffers(t *testing.T) {
	cbc := vocab.Suite{
		IKEEncryption: vocab.AES256CBC, IKEIntegrity: vocab.SHA256, PRF: vocab.SHA256, IKEGroup: 14,
		ESPEncryption: vocab.AES256CBC, ESPIntegrity: vocab.SHA256, PFSGroup: 14,
	}
	with := func(s vocab.Suite, change func(*vocab.Suite)) vocab.Suite { change(&s); return s }
	tests := []struct {
		name  string
		suite vocab.Suite
		want  []vocab.Cloud // that offer it
	}{
		{"strongest of all three", strongest, []vocab.Cloud{vocab.AWS, vocab.GCP, vocab.Azure, vocab.OnPrem}},
		{"CBC with SHA256", cbc, []vocab.Cloud{vocab.AWS, vocab.GCP, vocab.Azure, vocab.OnPrem}},
		{"no SHA384 in phase 2", with(cbc, func(s *vocab.Suite) { s.ESPIntegrity = vocab.SHA384 }), []vocab.Cloud{vocab.AWS, vocab.OnPrem}},
		{"no SHA512 in phase 1 on Azure", with(strongest, func(s *vocab.Suite) { s.PRF = vocab.SHA512 }), []vocab.Cloud{vocab.AWS, vocab.GCP, vocab.OnPrem}},
		{"group 31 on GCP only", with(strongest, func(s *vocab.Suite) { s.IKEGroup = 31 }), []vocab.Cloud{vocab.GCP, vocab.OnPrem}},
		{"group 21 not on Azure", with(strongest, func(s *vocab.Suite) { s.PFSGroup = 21 }), []vocab.Cloud{vocab.AWS, vocab.GCP, vocab.OnPrem}},
		{"PRF apart from integrity", with(cbc, func(s *vocab.Suite) { s.PRF = vocab.SHA384 }), []vocab.Cloud{vocab.GCP, vocab.OnPrem}},
	}
	for _, tt := range tests {
		var got []vocab.Cloud
		for _, c := range []vocab.Cloud{vocab.AWS, vocab.GCP, vocab.Azure, vocab.OnPrem} {
			if Default().VPN(c).Offers(tt.suite) {
				got = append(got, c)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s is offered by (-want +got):\n%s", tt.name, tt.suite, diff)
		}
	}
}

func TestNativeNames(t *testing.T) {
	tests := []struct {
		cloud              vocab.Cloud
		enc, prf, dh, pfs  string
		integrity, espHash string
	}{
		{vocab.AWS, "AES256-GCM-16", "SHA2-384", "20", "20", "SHA2-256", "SHA2-256"},
		{vocab.GCP, "AES-GCM-16-256", "PRF-HMAC-SHA2-384", "Group-20", "Group-20", "HMAC-SHA2-256-128", "HMAC-SHA2-256-128"},
		{vocab.Azure, "GCMAES256", "SHA384", "ECP384", "ECP384", "SHA256", "SHA256"},
	}
	for _, tt := range tests {
		o := Default().VPN(tt.cloud)
		got := make([]string, 6)
		got[0], _ = o.IKE.Encryption.Native(vocab.AES256GCM)
		got[1], _ = o.IKE.PRF.Native(vocab.SHA384)
		got[2], _ = o.IKE.Groups.Native(20)
		got[3], _ = o.ESP.PFSGroups.Native(20)
		got[4], _ = o.IKE.Integrity.Native(vocab.SHA256)
		got[5], _ = o.ESP.Integrity.Native(vocab.SHA256)
		if diff := cmp.Diff([]string{tt.enc, tt.prf, tt.dh, tt.pfs, tt.integrity, tt.espHash}, got); diff != "" {
			t.Errorf("native names of %s (-want +got):\n%s", tt.cloud, diff)
		}
	}
	if name, ok := Default().VPN(vocab.Azure).ESP.PFSGroups.Native(14); name != "PFS14" || !ok {
		t.Errorf("Azure's PFS group 14 = %q, want PFS14", name)
	}
}

func TestVPNTimersAndMTU(t *testing.T) {
	a := Default()
	aws, gcp, azure := a.VPN(vocab.AWS), a.VPN(vocab.GCP), a.VPN(vocab.Azure)
	times := []struct {
		name  string
		span  Span
		def   time.Duration
		fixed bool
	}{
		{"aws phase 1", aws.IKE.Lifetime, 28800 * time.Second, false},
		{"aws phase 2", aws.ESP.Lifetime, 3600 * time.Second, false},
		{"aws hold", aws.BGP.Hold, 30 * time.Second, true},
		{"gcp phase 1", gcp.IKE.Lifetime, 36000 * time.Second, true},
		{"gcp phase 2", gcp.ESP.Lifetime, 10800 * time.Second, true},
		{"gcp keepalive", gcp.BGP.Keepalive, 20 * time.Second, false},
		{"azure phase 1", azure.IKE.Lifetime, 28800 * time.Second, true},
		{"azure phase 2", azure.ESP.Lifetime, 27000 * time.Second, false},
		{"azure keepalive", azure.BGP.Keepalive, 60 * time.Second, true},
		{"azure hold", azure.BGP.Hold, 180 * time.Second, true},
		{"azure DPD", azure.DPD, 45 * time.Second, false},
	}
	for _, tt := range times {
		if tt.span.Default != tt.def || tt.span.IsFixed() != tt.fixed || !tt.span.Holds(tt.def) {
			t.Errorf("%s = %+v, want %v, fixed %v", tt.name, tt.span, tt.def, tt.fixed)
		}
	}
	if !gcp.BGP.Keepalive.Holds(60*time.Second) || gcp.BGP.Keepalive.Holds(61*time.Second) || aws.ESP.Lifetime.Holds(2*time.Hour) {
		t.Error("the bounds of GCP's keepalive or AWS's phase 2 lifetime are wrong")
	}
	mtus := []struct {
		name string
		o    VPNOffer
		enc  vocab.Encryption
		hash vocab.Hash
		natT bool
		want int
	}{
		{"aws gcm", aws, vocab.AES256GCM, vocab.NoHash, false, 1446},
		{"aws gcm natt", aws, vocab.AES128GCM, vocab.NoHash, true, 1438},
		{"aws cbc sha256 natt", aws, vocab.AES256CBC, vocab.SHA256, true, 1422},
		{"aws cbc sha512 natt", aws, vocab.AES256CBC, vocab.SHA512, true, 1406},
		{"azure", azure, vocab.AES256GCM, vocab.NoHash, false, 1400},
	}
	for _, tt := range mtus {
		if got, f := tt.o.MTU(tt.enc, tt.hash, tt.natT); got != tt.want || f.ID == "" {
			t.Errorf("%s: MTU = %d (%s), want %d", tt.name, got, f.ID, tt.want)
		}
	}
	if !aws.BGP.Initiates || azure.BGP.Initiates || !gcp.ESP.PFSRequired || !azure.ESP.AEADNamesItself || aws.ESP.AEADNamesItself {
		t.Error("who initiates, who requires PFS or who names the AEAD twice is wrong")
	}
	if a.GroupStrength(20) <= a.GroupStrength(19) || a.GroupStrength(24) != 0 || a.GroupStrength(99) != 0 {
		t.Error("GroupStrength orders 19, 20, 24 or 99 wrongly")
	}
}

func TestPSKRules(t *testing.T) {
	long := strings.Repeat("a1", 16)
	tests := []struct {
		key  string
		want []vocab.Cloud // that take it
	}{
		{long, []vocab.Cloud{vocab.AWS, vocab.GCP, vocab.Azure}},
		{"0" + long, []vocab.Cloud{vocab.GCP, vocab.Azure}},
		{"my-secret-key", []vocab.Cloud{vocab.GCP}},
		{"abc+/def=ghij", []vocab.Cloud{vocab.GCP, vocab.Azure}},
		{"short", []vocab.Cloud{vocab.GCP, vocab.Azure}},
		{"with space 1234", nil},
		{"tilde~tilde", []vocab.Cloud{vocab.GCP}},
		{strings.Repeat("x", 65), []vocab.Cloud{vocab.GCP, vocab.Azure}},
		{"", nil},
	}
	for _, tt := range tests {
		var got []vocab.Cloud
		for _, c := range vocab.Clouds {
			if Default().VPN(c).PSK.Allows(tt.key) {
				got = append(got, c)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("the key %q is taken by (-want +got):\n%s", tt.key, diff)
		}
	}
	if r := Default().CommonPSK(); !r.Allows(long) || r.Allows("0"+long[1:]) || r.Allows(long[1:]) {
		t.Errorf("CommonPSK() = %+v", r)
	}
}

func TestASNs(t *testing.T) {
	tests := []struct {
		cloud  vocab.Cloud
		asn    vocab.ASN
		own    bool
		peer   bool
		region string
	}{
		{vocab.AWS, 64512, true, true, ""},
		{vocab.AWS, 65000, true, true, ""},
		{vocab.AWS, 65535, false, true, ""},
		{vocab.AWS, 7224, false, false, ""},
		{vocab.AWS, 9059, false, false, "eu-west-1"},
		{vocab.AWS, 9059, false, true, "us-east-1"},
		{vocab.AWS, 4200000000, true, true, ""},
		{vocab.GCP, 65534, true, true, ""},
		{vocab.GCP, 16550, false, true, ""},
		{vocab.Azure, 65514, true, true, ""},
		{vocab.Azure, 65515, false, false, ""},
		{vocab.Azure, 65517, false, false, ""},
		{vocab.Azure, 12076, false, false, ""},
		{vocab.Azure, 23456, false, false, ""},
		{vocab.Azure, 65521, true, true, ""},
		{vocab.OnPrem, 65010, true, true, ""},
		{vocab.OnPrem, 23456, false, true, ""},
	}
	for _, tt := range tests {
		r := Default().ASNs(tt.cloud)
		peer, why := r.AcceptsPeer(tt.asn, tt.region)
		if r.Usable.Holds(tt.asn) != tt.own || peer != tt.peer || peer == (why.ID != "") {
			t.Errorf("ASNs(%s): %s own %v, peer %v in %q (%s), want %v, %v", tt.cloud, tt.asn, r.Usable.Holds(tt.asn), peer, tt.region, why.ID, tt.own, tt.peer)
		}
	}
	short, long, f := Default().ASNPool()
	want := ASNRanges{{64512, 65514}, {65521, 65534}}
	if diff := cmp.Diff(want, short); diff != "" || len(long) != 1 || f.ID == "" {
		t.Errorf("ASNPool() = %v, %v, want %v and one range of 32 bits", short, long, want)
	}
	for _, r := range slices.Concat(short, long) {
		for _, n := range []vocab.ASN{r.First, r.Last} {
			for _, c := range vocab.Clouds {
				rules := Default().ASNs(c)
				if ok, _ := rules.AcceptsPeer(n, ""); !ok || !rules.Usable.Holds(n) {
					t.Errorf("the pool's %s is refused by %s", n, c)
				}
			}
		}
	}
	if d := Default().ASNs(vocab.Azure).Default; d != 65515 {
		t.Errorf("Azure's default = %s, want 65515", d)
	}
}

func TestSKUs(t *testing.T) {
	tests := []struct {
		cloud          vocab.Cloud
		name           string
		aggregate      vocab.Rate
		gcm, cbc       vocab.Rate
		tunnels, gener int
	}{
		{vocab.AWS, "standard", 0, 1250 * vocab.Mbps, 1250 * vocab.Mbps, 2, 0},
		{vocab.AWS, "large", 0, 5 * vocab.Gbps, 5 * vocab.Gbps, 2, 0},
		{vocab.GCP, "ha", 0, 3 * vocab.Gbps, 3 * vocab.Gbps, 0, 0},
		{vocab.Azure, "VpnGw1AZ", 650 * vocab.Mbps, 650 * vocab.Mbps, 500 * vocab.Mbps, 30, 1},
		{vocab.Azure, "vpngw2az", 1250 * vocab.Mbps, 1250 * vocab.Mbps, 550 * vocab.Mbps, 30, 2},
		{vocab.Azure, "VpnGw5AZ", 10 * vocab.Gbps, 2300 * vocab.Mbps, 700 * vocab.Mbps, 100, 2},
		{vocab.Azure, "ErGw3AZ", 10 * vocab.Gbps, 0, 0, 0, 0},
	}
	for _, tt := range tests {
		s, ok := Default().SKU(tt.cloud, tt.name)
		got := []vocab.Rate{s.Aggregate, s.TunnelRate(vocab.AES256GCM), s.TunnelRate(vocab.AES256CBC)}
		if !ok || !slices.Equal(got, []vocab.Rate{tt.aggregate, tt.gcm, tt.cbc}) || s.Tunnels != tt.tunnels || s.Generation != tt.gener {
			t.Errorf("SKU(%s, %s) = %+v, want %+v", tt.cloud, tt.name, s, tt)
		}
	}
	for _, c := range vocab.Clouds {
		skus := Default().GatewaySKUs(c)
		if len(skus) == 0 || !slices.IsSortedFunc(skus, func(x, y SKU) int { return int(x.Aggregate - y.Aggregate) }) {
			t.Errorf("GatewaySKUs(%s) = %v, want some, rising", c, skus)
		}
	}
	if large, _ := Default().SKU(vocab.AWS, "large"); large.InRegion("ca-west-1") || !large.InRegion("us-west-2") {
		t.Errorf("the large tunnel is absent in %v, want ca-west-1 and not us-west-2 among them", large.AbsentIn)
	}
	for _, s := range Default().GatewaySKUs(vocab.Azure) {
		if _, ok := Default().Price(PriceAzureVPNGateway(s.Name), PriceScope{Region: "westus2"}); !ok {
			t.Errorf("the SKU %s has no price", s.Name)
		}
	}
	for _, s := range Default().SKUs(vocab.Azure, SKUExpressRoute) {
		if _, ok := Default().Price(PriceAzureERGateway(s.Name), PriceScope{Region: "westus2"}); !ok && s.Name != "ErGwScale" {
			t.Errorf("the SKU %s has no price", s.Name)
		}
	}
}

func TestAddressRules(t *testing.T) {
	p := netip.MustParsePrefix
	tests := []struct {
		name             string
		cloud            vocab.Cloud
		prefix           string
		block, subnet    bool
		usable           int
		refused, avoided bool
	}{
		{"aws /24", vocab.AWS, "10.1.0.0/24", true, true, 251, false, false},
		{"aws /28", vocab.AWS, "10.1.0.0/28", true, true, 11, false, false},
		{"aws /29 too small", vocab.AWS, "10.1.0.0/29", false, false, 3, false, false},
		{"aws /15 too large", vocab.AWS, "10.2.0.0/15", false, false, 131067, false, false},
		{"aws docker range", vocab.AWS, "172.17.0.0/24", true, true, 251, false, true},
		{"aws link-local", vocab.AWS, "169.254.8.0/24", true, true, 251, true, false},
		{"gcp /24", vocab.GCP, "10.1.0.0/24", true, true, 252, false, false},
		{"gcp /29", vocab.GCP, "10.1.0.0/29", true, true, 4, false, false},
		{"gcp auto mode", vocab.GCP, "10.128.0.0/20", true, true, 4092, false, true},
		{"gcp api range", vocab.GCP, "199.36.153.0/24", true, true, 252, true, false},
		{"azure /29", vocab.Azure, "10.1.0.0/29", true, true, 3, false, false},
		{"azure /30 too small", vocab.Azure, "10.1.0.0/30", false, false, 0, false, false},
		{"azure wire server", vocab.Azure, "168.63.129.0/24", true, true, 251, true, false},
		{"azure carrier range", vocab.Azure, "100.64.0.0/24", true, true, 251, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, x := Default().Addresses(tt.cloud), p(tt.prefix)
			_, refused := r.RefusedBy(x)
			_, avoided := r.AvoidedBy(x)
			got := []bool{r.Block.Holds(x.Bits()), r.Subnet.Holds(x.Bits()), refused, avoided}
			if want := []bool{tt.block, tt.subnet, tt.refused, tt.avoided}; !slices.Equal(got, want) || r.Usable(x) != tt.usable {
				t.Errorf("%s in %s: block, subnet, refused, avoided = %v with %d usable, want %v with %d", x, tt.cloud, got, r.Usable(x), want, tt.usable)
			}
		})
	}
	aws := Default().Addresses(vocab.AWS)
	if _, no := aws.SecondaryRefused(p("10.4.0.0/16"), p("172.20.0.0/16")); !no {
		t.Error("SecondaryRefused(10.4.0.0/16, 172.20.0.0/16) is allowed")
	}
	if _, no := aws.SecondaryRefused(p("10.4.0.0/16"), p("100.64.0.0/16")); no {
		t.Error("SecondaryRefused(10.4.0.0/16, 100.64.0.0/16) is refused")
	}
	if aws.Spread != SpreadZone || Default().Addresses(vocab.GCP).Spread != SpreadRegion {
		t.Error("AWS subnets lie in a zone, GCP's in a region")
	}
	gw, ok := Default().Addresses(vocab.Azure).SpecialSubnet(SpecialGateway)
	if !ok || gw.Name != "GatewaySubnet" || gw.Advised != 27 || gw.Longest != 29 {
		t.Errorf("SpecialSubnet(gateway) = %+v", gw)
	}
	if tgw, ok := aws.SpecialSubnet(SpecialTGW); !ok || tgw.Advised != 28 || tgw.Name != "" {
		t.Errorf("SpecialSubnet(tgw) = %+v", tgw)
	}
}

func TestTunnelPools(t *testing.T) {
	p := netip.MustParsePrefix
	tests := []struct {
		x, y    vocab.Cloud
		pools   []netip.Prefix
		refused []netip.Prefix // among them
	}{
		{vocab.AWS, vocab.GCP, []netip.Prefix{p("169.254.0.0/16")}, []netip.Prefix{p("169.254.0.0/30"), p("169.254.5.0/30"), p("169.254.169.252/30")}},
		{vocab.AWS, vocab.Azure, []netip.Prefix{p("169.254.21.0/24"), p("169.254.22.0/24")}, nil},
		{vocab.Azure, vocab.GCP, []netip.Prefix{p("169.254.21.0/24"), p("169.254.22.0/24")}, nil},
		{vocab.OnPrem, vocab.AWS, []netip.Prefix{p("169.254.0.0/16")}, []netip.Prefix{p("169.254.0.0/24"), p("169.254.1.0/30")}},
	}
	for _, tt := range tests {
		pools, refused := Default().TunnelPools(tt.x, tt.y)
		var gotPools, gotRefused []netip.Prefix
		for _, r := range pools {
			gotPools = append(gotPools, r.Prefix)
		}
		for _, r := range refused {
			gotRefused = append(gotRefused, r.Prefix)
		}
		if !slices.Equal(gotPools, tt.pools) {
			t.Errorf("TunnelPools(%s, %s) = %v, want %v", tt.x, tt.y, gotPools, tt.pools)
		}
		for _, r := range tt.refused {
			if !slices.Contains(gotRefused, r) {
				t.Errorf("TunnelPools(%s, %s) refuses %v, want %s among them", tt.x, tt.y, gotRefused, r)
			}
		}
		if tt.refused == nil && len(gotRefused) != 0 {
			t.Errorf("TunnelPools(%s, %s) refuses %v, want nothing", tt.x, tt.y, gotRefused)
		}
	}
}

func TestNames(t *testing.T) {
	tests := []struct {
		kind NameKind
		name string
		want bool
	}{
		{NameGCPResource, "ml-oregon-1", true},
		{NameGCPResource, "Ml", false},
		{NameGCPResource, "1ml", false},
		{NameGCPResource, "ml-", false},
		{NameGCPResource, strings.Repeat("a", 63), true},
		{NameGCPResource, strings.Repeat("a", 64), false},
		{NameGCPLabelKey, "team_ml-1", true},
		{NameGCPLabelKey, "Team", false},
		{NameGCPLabelValue, "", true},
		{NameAWSTagValue, "ML platform/prod", true},
		{NameAWSSecurityGroup, strings.Repeat("s", 255), true},
		{NameAWSSecurityGroup, strings.Repeat("s", 256), false},
		{NameAzureVirtualNetwork, "vnet_1", true},
		{NameAzureVirtualNetwork, "v", false},
		{NameAzureVirtualNetwork, "vnet-", false},
		{NameAzureResource, "conn-1.a_", true},
		{NameAzureResource, "-x", false},
		{NameAzureStorageAccount, "flowlogs01", true},
		{NameAzureStorageAccount, "flow-logs", false},
		{NameAzureResourceGroup, "rg-net.", false},
		{NameAzureTagKey, "a/b", false},
		{NameAWSBucket, "Logs", false},
	}
	for _, tt := range tests {
		if got := Default().Name(tt.kind).Allows(tt.name); got != tt.want {
			t.Errorf("Name(%s).Allows(%q) = %v, want %v", tt.kind, tt.name, got, tt.want)
		}
	}
}
