// Package gcp spells the Google Cloud part of a network in Terraform: VPC
// networks with their subnets, routes and Cloud NATs, firewall policies, HA
// VPN gateways with their Cloud Routers, this cloud's end of VPN links, VPC
// peerings and Network Connectivity Center.
//
// It takes the compiled network from the root it writes into and decides
// nothing: where a choice is not in fabric or atlas, the provider's default
// stands.
package gcp

import (
	"slices"
	"strings"
	"sync"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

// Site writes what belongs to one site: networks, routes and NATs, firewall
// policies, the VPN gateway, and the peerings and spokes that no link owns. A
// VPC that spans sites is made at the first of them.
func Site(r *root.Root, site fabric.Site) {
	w := newWriter(r)
	for _, v := range r.Set.VPCs(site.ID) {
		w.network(site, v)
	}
	for _, g := range r.Set.Gateways(site.ID) {
		w.gateway(site, g)
	}
	for _, v := range r.Set.VPCs(site.ID) {
		if homeOf(v) == site.ID {
			w.policies(site, v)
		}
	}
	w.attachments(site)
}

// LinkEnd writes one end of a VPN link: the peer as an external gateway, the
// tunnels and their BGP sessions. A Network Connectivity Center spoke of the
// tunnels stands with the first of them.
func LinkEnd(r *root.Root, link fabric.Link, end int) {
	w := newWriter(r)
	w.tunnels(link, end)
	for _, a := range r.Set.GatewayAttachments(link.Gateways[end]) {
		if a.Kind == fabric.NCCHybridSpoke && slices.Contains(link.Tunnels, first(a.Tunnels)) {
			w.hybridSpoke(r.LinkFile(link.ID), a)
		}
	}
}

// Link writes a link inside the cloud: VPC peerings or Network Connectivity
// Center spokes. Two regions of one VPC need nothing.
func Link(r *root.Root, link fabric.Link) {
	w := newWriter(r)
	for _, a := range r.Set.LinkAttachments(link.ID) {
		w.attachment(r.LinkFile(link.ID), a)
	}
}

// writer is a root with what every resource needs.
type writer struct {
	r    *root.Root
	net  *fabric.Network
	rule atlas.NameRule // of Compute Engine resources
	hub  func() nccHub  // gathered when first asked for
}

func newWriter(r *root.Root) writer {
	w := writer{r: r, net: r.Set.Network, rule: r.Set.Atlas.Name(atlas.NameGCPResource)}
	w.hub = sync.OnceValue(w.findHub)
	return w
}

// name gives the native name of an object and of a part of it, the network's
// name first.
func (w writer) name(id string, parts ...string) string {
	return names.Fit(w.rule, names.Native(w.net, id, parts...))
}

// groupName gives the name argument of a for_each group whose instances have
// native names by key: one expression of each.key where each is the base and
// its key, otherwise (a renamed one, one too long) true, and the map has them.
func groupName(base string, keys, native []string) (name hcl.Expr, listed bool) {
	for i, k := range keys {
		if native[i] != base+"-"+k {
			return "each.value.name", true
		}
	}
	return hcl.Expr(`"` + base + `-${each.key}"`), false
}

// homeOf returns the site whose root makes a VPC.
func homeOf(v fabric.VPC) fabric.SiteID { return v.Sites[0] }

// vpc returns a VPC that the network is known to have.
func (w writer) vpc(id fabric.VPCID) fabric.VPC {
	v, ok := w.net.VPC(id)
	if !ok {
		panic("gcp: no VPC " + string(id))
	}
	return v
}

// project returns the project id of an account.
func (w writer) project(id fabric.AccountID) string {
	a, ok := w.net.Account(id)
	if !ok {
		panic("gcp: no account " + string(id))
	}
	return a.Native
}

// region returns the region of a site.
func (w writer) region(id fabric.SiteID) string {
	s, ok := w.net.Site(id)
	if !ok {
		panic("gcp: no site " + string(id))
	}
	return s.Region
}

// networkRef refers to a VPC network by its resource id; an existing one by
// the id it must have.
func (w writer) networkRef(v fabric.VPC) hcl.Expr {
	if v.Existing == "" {
		label := names.Label(string(v.ID))
		return w.r.Ref(names.Ref{Home: homeOf(v), Expr: "google_compute_network." + label + ".id", Output: label + "_network"})
	}
	return hcl.Quote(w.existingNetwork(v))
}

// networkLink refers to a VPC network by its URL, which is what Network
// Connectivity Center takes.
func (w writer) networkLink(v fabric.VPC) hcl.Expr {
	if v.Existing == "" {
		label := names.Label(string(v.ID))
		return w.r.Ref(names.Ref{Home: homeOf(v), Expr: "google_compute_network." + label + ".self_link", Output: label + "_network_self_link"})
	}
	return hcl.Quote("https://www.googleapis.com/compute/v1/" + w.existingNetwork(v))
}

// existingNetwork returns the resource id of a VPC that is joined: its name in
// the VPC's project, or a whole id of a network in another.
func (w writer) existingNetwork(v fabric.VPC) string {
	if strings.Contains(v.Existing, "/") {
		return v.Existing
	}
	return "projects/" + w.project(v.Meta.Account) + "/global/networks/" + v.Existing
}

// labels gives the labels of what stands in a VPC.
func (w writer) labels(v fabric.VPC) hcl.Expr { return w.r.Labels(v.Environment, v.Tags) }

// isGCP reports whether an attachment is one of this cloud.
func isGCP(k fabric.AttachmentKind) bool {
	return k == fabric.VPCPeering || k == fabric.NCCSpoke || k == fabric.NCCHybridSpoke
}

// other returns the opposite end of a link.
func other(end int) int { return 1 - end }

// cloudOf returns the cloud of a site.
func (w writer) cloudOf(id fabric.SiteID) vocab.Cloud {
	s, _ := w.net.Site(id)
	return s.Cloud
}

func first[T any](s []T) T {
	var zero T
	if len(s) == 0 {
		return zero
	}
	return s[0]
}
