package azure

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

// BenchmarkSite renders one site of 450 spoke VNets with 2,000 subnets, each
// with a security group of ten rules.
func BenchmarkSite(b *testing.B) {
	n := hubAndSpoke(fabric.Single)
	west := n.Sites[1]
	data, group := n.Subnets[3], n.Filters[0]
	rules := group.Rules
	for len(rules) < 10 {
		r := rules[0]
		r.Name = fmt.Sprintf("allow-%d", len(rules))
		rules = append(rules, r)
	}
	n.VPCs, n.Subnets, n.Filters, n.FlowLogs = n.VPCs[:2], n.Subnets[:2], nil, nil
	n.RouteTables, n.NATs, n.Attachments = nil, nil, nil
	for i := range 450 {
		v := n.VPCs[1]
		v.Name, v.Role = fmt.Sprintf("net%03d", i), fabric.Spoke
		v.ID = fabric.VPCID("azure-wus2/" + v.Name)
		v.Prefixes = []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 100 + byte(i/200), byte(i % 200), 0}), 24)}
		n.VPCs = append(n.VPCs, v)
		n.FlowLogs = append(n.FlowLogs, fabric.FlowLog{ID: string(v.ID) + "/flow-log", Meta: v.Meta, Cloud: vocab.Azure, Site: west.ID, VPC: v.ID, Sink: "conn/westus2"})
		n.Attachments = append(n.Attachments, fabric.Attachment{
			ID: fabric.AttachmentID("azure-wus2/hub--" + string(v.ID)), Meta: v.Meta, Kind: fabric.VNetPeering, VPC: v.ID, PeerVPC: "azure-wus2/hub", GatewayTransit: true,
		})
		for k := range 4 + i%2 {
			s := data
			s.Name = fmt.Sprintf("s%d", k)
			s.ID, s.VPC, s.RouteTable, s.Meta.Account = fabric.SubnetID(string(v.ID)+"/"+s.Name), v.ID, "", v.Meta.Account
			f := group
			f.ID, f.VPC, f.Name, f.Subnets, f.Rules, f.Meta = fabric.FilterID(string(s.ID)+"/nsg"), v.ID, string(v.Name)+"-"+s.Name, []fabric.SubnetID{s.ID}, rules, s.Meta
			s.Filter = f.ID
			n.Subnets, n.Filters = append(n.Subnets, s), append(n.Filters, f)
		}
	}
	a := atlas.Default()
	b.ReportAllocs()
	for b.Loop() {
		set := root.New(n, a)
		Site(set.Site(west.ID), west)
	}
}
