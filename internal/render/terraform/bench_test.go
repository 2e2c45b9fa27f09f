package terraform

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// BenchmarkRender renders ten sites of AWS with 45 networks each, every subnet
// with its filter: what the estate has of the cloud that is most of its text.
func BenchmarkRender(b *testing.B) {
	n := manyVPCs(10, 45, 4)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Render(n, atlas.Default()); err != nil {
			b.Fatal(err)
		}
	}
}

func manyVPCs(sites, vpcs, subnets int) *fabric.Network {
	n := &fabric.Network{Name: "estate", Accounts: []fabric.Account{{ID: "prod", Cloud: vocab.AWS, Native: "111122223333"}}}
	for s := range sites {
		site := fabric.SiteID(fmt.Sprintf("aws-%02d", s))
		n.Sites = append(n.Sites, fabric.Site{ID: site, Meta: meta("prod", s, "sites."+string(site)), Cloud: vocab.AWS, Region: "us-west-2"})
		for v := range vpcs {
			x := vpc(site, fmt.Sprintf("net-%02d", v), "prod", v, fmt.Sprintf("10.%d.%d.0/24", s, v))
			n.VPCs = append(n.VPCs, x)
			n.FlowLogs = append(n.FlowLogs, fabric.FlowLog{ID: string(x.ID) + "/flow-log", Meta: x.Meta, Cloud: vocab.AWS, Site: site, VPC: x.ID, Sink: "prod/us-west-2"})
			for k := range subnets {
				id := fmt.Sprintf("%s/sub-%d", x.ID, k)
				filter := fabric.FilterID(id + "/sg")
				n.Subnets = append(n.Subnets, fabric.Subnet{
					ID: fabric.SubnetID(id), Meta: x.Meta, VPC: x.ID, Site: site, Name: fmt.Sprintf("sub-%d", k), Filter: filter,
					Parts: []fabric.SubnetPart{{Zone: "usw2-az1", Prefix: netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.%d/28", s, v, k*16))}},
				})
				f := fabric.Filter{ID: filter, Meta: x.Meta, Kind: fabric.SecurityGroup, Site: site, VPC: x.ID, Name: id}
				for r := range 10 {
					f.Rules = append(f.Rules, fabric.FilterRule{
						Name: fmt.Sprintf("rule-%d", r), Direction: fabric.Direction(1 + r%2), Action: fabric.Allow,
						Services: tcp(443), Peers: prefixes("10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16"),
					})
				}
				n.Filters = append(n.Filters, f)
			}
		}
	}
	return n
}
