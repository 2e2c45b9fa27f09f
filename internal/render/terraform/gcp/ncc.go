package gcp

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// nccHub is the network's Network Connectivity Center hub with its spokes.
type nccHub struct {
	home    fabric.SiteID // the first site of its spokes; empty when there are none
	account fabric.AccountID
	vpc     fabric.VPC // whose labels the hub has
	spokes  []fabric.Attachment
}

// hubID is the id of the hub: a network has one.
const hubID = "ncc"

// findHub gathers the spokes. The hub is in the project of the first gateway
// among them, or else of the first spoke.
func (w writer) findHub() nccHub {
	var h nccHub
	var gateway fabric.Gateway
	for i := range w.net.Attachments {
		a := &w.net.Attachments[i]
		if a.Kind != fabric.NCCSpoke && a.Kind != fabric.NCCHybridSpoke {
			continue
		}
		h.spokes = append(h.spokes, *a)
		if home := homeOf(w.vpc(a.VPC)); h.home == "" || home < h.home {
			h.home = home
		}
		if gateway.ID == "" {
			gateway, _ = w.net.Gateway(a.Gateway)
		}
	}
	if len(h.spokes) == 0 {
		return h
	}
	h.account, h.vpc = h.spokes[0].Meta.Account, w.vpc(h.spokes[0].VPC)
	if gateway.ID != "" {
		h.account, h.vpc = gateway.Meta.Account, w.vpc(gateway.VPC)
	}
	return h
}

// guests returns the projects of a hub's spokes that are not its own, sorted.
func (w writer) guests(h nccHub) []string {
	var projects []string
	for _, a := range h.spokes {
		if a.Meta.Account != h.account {
			projects = append(projects, w.project(a.Meta.Account))
		}
	}
	slices.Sort(projects)
	return slices.Compact(projects)
}

// makeHub writes the hub and, where spokes are in other projects, the group
// that accepts them: the one that every mesh hub has, named default.
func (w writer) makeHub(b *hcl.Body, h nccHub) {
	origin := h.spokes[0].Meta.Origin
	w.r.Resource(b, origin, "google_network_connectivity_hub", hubID)
	b.Attr("provider", w.r.Provider(h.account))
	b.Blank()
	b.Attr("name", hcl.Quote(w.name(hubID)))
	b.Attr("labels", w.labels(h.vpc))
	b.End()

	projects := w.guests(h)
	if len(projects) == 0 {
		return
	}
	w.r.Resource(b, origin, "google_network_connectivity_group", hubID)
	b.Attr("provider", w.r.Provider(h.account))
	b.Blank()
	b.Attr("name", `"default"`)
	b.Attr("hub", "google_network_connectivity_hub."+hubID+".id")
	b.Blank()
	b.Block("auto_accept")
	b.Attr("auto_accept_projects", hcl.Strings(projects...))
	b.End()
	b.End()
}

// hubRef refers to the hub by its id, through the group that accepts spokes
// where there is one, so that no spoke is made before it.
func (w writer) hubRef(h nccHub) hcl.Expr {
	ref := names.Ref{Home: h.home, Expr: "google_network_connectivity_hub." + hubID + ".id", Output: hubID + "_hub"}
	if len(w.guests(h)) > 0 {
		ref.Expr = "google_network_connectivity_group." + hubID + ".hub"
	}
	return w.r.Ref(ref)
}
