package services

import (
	"slices"

	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// flowLogs records the flows of every network that is made and of every
// transit gateway. One sink an account and region takes them: joined networks
// are their owner's to log.
func flowLogs(d *draft.Draft) {
	sites := make(map[fabric.SiteID]*draft.Site, len(d.Sites))
	for i := range d.Sites {
		sites[d.Sites[i].ID] = &d.Sites[i]
	}
	for i := range d.Net.VPCs {
		v := &d.Net.VPCs[i]
		if v.Existing != "" || len(v.Sites) == 0 {
			continue
		}
		s := sites[slices.Min(v.Sites)]
		d.Net.FlowLogs = append(d.Net.FlowLogs, fabric.FlowLog{
			ID: string(v.ID) + "/flow-log", Meta: v.Meta, Cloud: v.Cloud, Site: s.ID, VPC: v.ID, Sink: sink(v.Meta.Account, s),
		})
	}
	for i := range d.Net.Gateways {
		g := &d.Net.Gateways[i]
		if g.Kind != fabric.TransitGateway {
			continue
		}
		s := sites[g.Site]
		d.Net.FlowLogs = append(d.Net.FlowLogs, fabric.FlowLog{
			ID: string(g.ID) + "/flow-log", Meta: g.Meta, Cloud: vocab.AWS, Site: s.ID, Gateway: g.ID, Sink: sink(g.Meta.Account, s),
		})
	}
}

func sink(a fabric.AccountID, s *draft.Site) string { return string(a) + "/" + s.Region.Name }
