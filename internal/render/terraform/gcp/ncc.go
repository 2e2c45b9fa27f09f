package gcp

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// nccHub is a Network Connectivity Center hub with its spokes.
type nccHub struct {
	home    fabric.SiteID // the first site of its spokes
	account fabric.AccountID
	origin  fabric.Origin
	vpc     fabric.VPC // whose labels the hub has
	spokes  []fabric.Attachment
}

func (h nccHub) id() string { return string(h.home) + "/ncc" }

// nccHubs groups the network's spokes into hubs, sorted by home. A site has
// one hub at most; sites that share a VPC or a link of that kind share it.
func (w writer) nccHubs() []nccHub {
	var spokes []fabric.Attachment
	for _, a := range w.net.Attachments {
		if a.Kind == fabric.NCCSpoke || a.Kind == fabric.NCCHybridSpoke {
			spokes = append(spokes, a)
		}
	}
	if len(spokes) == 0 {
		return nil
	}
	first := map[fabric.SiteID]fabric.SiteID{} // the first site known to share a site's hub
	find := func(s fabric.SiteID) fabric.SiteID {
		for first[s] != "" && first[s] != s {
			s = first[s]
		}
		return s
	}
	join := func(sites ...fabric.SiteID) {
		for _, s := range sites[1:] {
			a, b := find(sites[0]), find(s)
			first[max(a, b)] = min(a, b)
		}
	}
	for _, l := range w.net.Links {
		if l.Kind == fabric.NCCLink {
			join(l.Sites[:]...)
		}
	}
	for _, a := range spokes {
		join(w.spokeSites(a)...)
	}
	members := map[fabric.SiteID][]fabric.Attachment{}
	for _, a := range spokes {
		home := find(w.spokeSites(a)[0])
		members[home] = append(members[home], a)
	}
	var hubs []nccHub
	for _, s := range w.net.Sites {
		if m := members[s.ID]; len(m) > 0 {
			hubs = append(hubs, w.newHub(s.ID, m))
		}
	}
	return hubs
}

// spokeSites returns the sites of what a spoke joins.
func (w writer) spokeSites(a fabric.Attachment) []fabric.SiteID {
	var sites []fabric.SiteID
	if g, ok := w.net.Gateway(a.Gateway); ok {
		sites = append(sites, g.Site)
	}
	if a.VPC != "" {
		sites = append(sites, w.vpc(a.VPC).Sites...)
	}
	return sites
}

// newHub takes a hub's project from a gateway of its spokes, or else from the
// first spoke.
func (w writer) newHub(home fabric.SiteID, spokes []fabric.Attachment) nccHub {
	h := nccHub{home: home, spokes: spokes, origin: spokes[0].Meta.Origin, account: spokes[0].Meta.Account}
	id := spokes[0].VPC
	for _, a := range spokes {
		if g, ok := w.net.Gateway(a.Gateway); ok {
			h.account, id = g.Meta.Account, g.VPC
			break
		}
	}
	h.vpc = w.vpc(id)
	return h
}

// hubOf returns the hub of a spoke.
func (w writer) hubOf(a fabric.Attachment) nccHub {
	for _, h := range w.hubs() {
		if slices.ContainsFunc(h.spokes, func(m fabric.Attachment) bool { return m.ID == a.ID }) {
			return h
		}
	}
	panic("gcp: spoke " + string(a.ID) + " has no hub")
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

// makeHub writes a hub and, where spokes are in other projects, the group that
// accepts them: the one that every mesh hub has, named default.
func (w writer) makeHub(b *hcl.Body, h nccHub) {
	w.r.Resource(b, h.origin, "google_network_connectivity_hub", h.id())
	b.Attr("provider", w.r.Provider(h.account))
	b.Blank()
	b.Attr("name", hcl.Quote(w.name(h.id())))
	b.Attr("labels", w.labels(h.vpc))
	b.End()

	projects := w.guests(h)
	if len(projects) == 0 {
		return
	}
	w.r.Resource(b, h.origin, "google_network_connectivity_group", h.id())
	b.Attr("provider", w.r.Provider(h.account))
	b.Blank()
	b.Attr("name", `"default"`)
	b.Attr("hub", hcl.Expr("google_network_connectivity_hub."+names.Label(h.id())+".id"))
	b.Blank()
	b.Block("auto_accept")
	b.Attr("auto_accept_projects", hcl.Strings(projects...))
	b.End()
	b.End()
}

// hubRef refers to a hub by its id, through the group that accepts spokes
// where there is one, so that no spoke is made before it.
func (w writer) hubRef(h nccHub) hcl.Expr {
	label := names.Label(h.id())
	ref := names.Ref{Home: h.home, Expr: "google_network_connectivity_hub." + label + ".id", Output: label + "_hub"}
	if len(w.guests(h)) > 0 {
		ref.Expr = "google_network_connectivity_group." + label + ".hub"
	}
	return w.r.Ref(ref)
}
