package atlas

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/vocab"
)

func TestLoad(t *testing.T) {
	a, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(a.facts) < 1000 {
		t.Errorf("load() gives %d facts, want at least 1000", len(a.facts))
	}
}

func TestEveryFactIsSourced(t *testing.T) {
	a := Default()
	seen := map[string]bool{}
	for _, f := range a.Facts() {
		if seen[f.ID] {
			t.Errorf("fact %s stands twice", f.ID)
		}
		seen[f.ID] = true
		if f.Mark != Recalled && f.Source == "" {
			t.Errorf("fact %s is %s and has no source", f.ID, f.Mark)
		}
		if f.AsOf == "" || !strings.HasPrefix(f.AsOf, "20") && !strings.HasPrefix(f.AsOf, "19") {
			t.Errorf("fact %s has the date %q", f.ID, f.AsOf)
		}
		if f.ID != strings.TrimSpace(f.ID) || !strings.Contains(f.ID, ".") {
			t.Errorf("fact %q: the id is not dotted words", f.ID)
		}
		if f.Value == "" && !strings.HasSuffix(f.ID, ".zones") {
			t.Errorf("fact %s has no value", f.ID)
		}
		for _, s := range []string{f.Value, f.Note, f.Source, f.Scope} {
			if strings.Contains(s, "/work") || strings.Contains(s, "../shared") {
				t.Errorf("fact %s names the workplace: %q", f.ID, s)
			}
		}
	}
}

func TestSourcesAreUsed(t *testing.T) {
	l := &loader{sources: map[string]source{}}
	l.readSources()
	used := map[string]bool{}
	for _, f := range Default().Facts() {
		used[f.Source] = true
	}
	for key, s := range l.sources {
		if s.url == "" || s.asOf == "" {
			t.Errorf("source %s has no address or date", key)
		}
		if !used[s.url] {
			t.Errorf("source %s stands in sources.csv and no fact names it", key)
		}
	}
}

func TestFactsByWords(t *testing.T) {
	a := Default()
	tests := []struct {
		name  string
		words []string
		want  []string // all must be there
		not   []string
	}{
		{"cloud and service", []string{"aws", "vpn"}, []string{"aws.vpn.psk", "aws.price.vpn.connection"}, []string{"gcp.vpn.psk", "aws.vpc.subnets"}},
		{"beginning of the id", []string{"azure.asn"}, []string{"azure.asn.default"}, []string{"aws.asn.default"}},
		{"case does not matter", []string{"AZURE", "vpngw2az"}, []string{"azure.sku.vpn.VpnGw2AZ", "azure.price.vpn.gateway.VpnGw2AZ"}, nil},
		{"region", []string{"aws", "region", "us-west-2"}, []string{"aws.region.us-west-2", "aws.region.us-west-2.zones"}, []string{"aws.region.us-west-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ids []string
			for _, f := range a.Facts(tt.words...) {
				ids = append(ids, f.ID)
			}
			if !slices.IsSorted(ids) {
				t.Errorf("Facts(%v) are not sorted", tt.words)
			}
			for _, id := range tt.want {
				if !slices.Contains(ids, id) {
					t.Errorf("Facts(%v) lacks %s", tt.words, id)
				}
			}
			for _, id := range tt.not {
				if slices.Contains(ids, id) {
					t.Errorf("Facts(%v) has %s", tt.words, id)
				}
			}
		})
	}
	if got := a.Facts("no-such-word"); len(got) != 0 {
		t.Errorf("Facts(no-such-word) = %v, want none", got)
	}
}

func TestMarkText(t *testing.T) {
	for _, m := range []Mark{Verified, Secondary, Recalled} {
		b, err := m.MarshalText()
		var got Mark
		if err != nil || got.UnmarshalText(b) != nil || got != m {
			t.Errorf("mark %s does not survive its text %q", m, b)
		}
	}
	var m Mark
	if err := m.UnmarshalText([]byte("X")); err == nil {
		t.Error("UnmarshalText(X) gives no error")
	}
	if got := Verified.Weaker(Recalled).Weaker(Secondary); got != Recalled {
		t.Errorf("weakest of V, R, S = %s, want %s", got, Recalled)
	}
}

func TestLimits(t *testing.T) {
	tests := []struct {
		id   LimitID
		want Limit
	}{
		{LimitAWSVPCPerRegion, Limit{Value: 5, Adjustable: true, OnExcess: ExcessFails}},
		{LimitAWSVPCCIDRBlocks, Limit{Value: 5, Adjustable: true, Max: 50, OnExcess: ExcessFails}},
		{LimitAWSVPCRoutesPerTable, Limit{Value: 500, Adjustable: true, Max: 1000, OnExcess: ExcessFails}},
		{LimitAWSVPCPropagatedRoutes, Limit{Value: 100, OnExcess: ExcessNotUsed}},
		{LimitAWSSGRules, Limit{Value: 60, Adjustable: true, OnExcess: ExcessFails}},
		{LimitAWSVPNPrefixesPeerToVGW, Limit{Value: 100, OnExcess: ExcessTunnel}},
		{LimitAWSVPNPrefixesPeerToTGW, Limit{Value: 1000, OnExcess: ExcessTunnel}},
		{LimitAWSTGWAttachments, Limit{Value: 5000, Adjustable: true, OnExcess: ExcessFails}},
		{LimitAWSDXPrefixesIn, Limit{Value: 100, Adjustable: true, Max: 1000, OnExcess: ExcessSession}},
		{LimitGCPRouterLearnedOwnRegion, Limit{Value: 250, Adjustable: true, OnExcess: ExcessSilent}},
		{LimitGCPRouterPrefixesFromPeer, Limit{Value: 5000, OnExcess: ExcessSession}},
		{LimitGCPRouterBGPPeers, Limit{Value: 128, OnExcess: ExcessFails}},
		{LimitAzureVNetPeerings, Limit{Value: 500, OnExcess: ExcessFails}},
		{LimitAzureVPNPrefixesFromPeer, Limit{Value: 4000, OnExcess: ExcessSession}},
		{LimitAzureERPrefixesOut, Limit{Value: 1000, OnExcess: ExcessConnection}},
		{LimitAzureNSGRules, Limit{Value: 1000, OnExcess: ExcessFails}},
	}
	for _, tt := range tests {
		got := Default().Limit(tt.id)
		if got.Fact.ID != string(tt.id) || got.ID != tt.id || got.Unit == "" || got.Scope == "" {
			t.Errorf("Limit(%s) = %+v, incomplete", tt.id, got)
		}
		got.ID, got.Unit, got.Scope, got.Fact = "", "", "", Fact{}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Limit(%s) (-want +got):\n%s", tt.id, diff)
		}
	}
	if ExcessFails.BreaksNetwork() || !ExcessSession.BreaksNetwork() || !ExcessSilent.BreaksNetwork() {
		t.Error("BreaksNetwork is wrong for fails, session down or silently dropped")
	}
	if len(LimitIDs) != len(slices.Compact(slices.Sorted(slices.Values(LimitIDs)))) {
		t.Error("LimitIDs holds one twice")
	}
}

func TestMTU(t *testing.T) {
	tests := map[MTUID]int{
		MTUAWSVPC: 9001, MTUAWSTGW: 8500, MTUAWSInternet: 1500, MTUGCPVPC: 1460, MTUGCPVPCMax: 8896,
		MTUAzureGateway: 1400, MTUAzureVNet: 1500, MTUCommonVPN: 1400, MSSCommonVPN: 1350,
	}
	for id, want := range tests {
		if got, f := Default().MTU(id); got != want || f.ID != string(id) {
			t.Errorf("MTU(%s) = %d (%s), want %d", id, got, f.ID, want)
		}
	}
}

func TestServices(t *testing.T) {
	tests := []struct {
		cloud  vocab.Cloud
		name   string
		kind   ServiceKind
		native string
	}{
		{vocab.AWS, "s3", ServiceGateway, "com.amazonaws.us-west-2.s3"},
		{vocab.AWS, "dynamodb", ServiceGateway, "com.amazonaws.us-west-2.dynamodb"},
		{vocab.AWS, "ecr", ServiceInterface, "com.amazonaws.us-west-2.ecr.dkr"},
		{vocab.Azure, "storage", ServiceEndpoint, "Microsoft.Storage"},
		{vocab.Azure, "sql", ServiceEndpoint, "Microsoft.Sql"},
		{vocab.GCP, "gcs", ServicePrivate, "storage.googleapis.com"},
		{vocab.GCP, "google-apis", ServicePrivate, "private.googleapis.com"},
	}
	for _, tt := range tests {
		s, ok := Default().Service(tt.cloud, tt.name)
		if !ok || s.Kind != tt.kind || s.Native("us-west-2") != tt.native {
			t.Errorf("Service(%s, %s) = %s %s, want %s %s", tt.cloud, tt.name, s.Kind, s.Native("us-west-2"), tt.kind, tt.native)
		}
	}
	if _, ok := Default().Service(vocab.GCP, "s3"); ok {
		t.Error("Service(gcp, s3) is there")
	}
}

func TestFlowLogs(t *testing.T) {
	aws, gcp := Default().FlowLog(vocab.AWS), Default().FlowLog(vocab.GCP)
	if aws.Of != "vpc" || len(aws.Fields) != 29 || !slices.Equal(aws.Intervals, []time.Duration{time.Minute, 10 * time.Minute}) {
		t.Errorf("FlowLog(aws) = %+v", aws)
	}
	if gcp.Of != "subnet" || gcp.Fields != nil || gcp.Intervals[0] != 5*time.Second {
		t.Errorf("FlowLog(gcp) = %+v", gcp)
	}
	if azure := Default().FlowLog(vocab.Azure); azure.Of != "vnet" {
		t.Errorf("FlowLog(azure) = %+v", azure)
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := load(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLatencyTable(b *testing.B) {
	for b.Loop() {
		parseLatency()
	}
}

func TestNSGPriorities(t *testing.T) {
	got := Default().NSGPriorities()
	if got.First != 100 || got.Last != 4096 || got.Fact.ID != "azure.nsg.priority" {
		t.Errorf("NSGPriorities() = %d to %d of %q, want 100 to 4096 of azure.nsg.priority", got.First, got.Last, got.Fact.ID)
	}
}
