// Package draft is the network while it is being compiled: the inputs of all
// passes, what they have decided so far, and what they have to say. Each pass
// reads what earlier ones left and adds its own; nobody else sees a draft.
package draft

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// Draft is one network being compiled. It is used by one goroutine.
type Draft struct {
	Spec  *spec.Spec
	Index *spec.Index
	Atlas *atlas.Atlas
	Lock  lock.Lock // renamed by `was:` already; validated before use

	Net   fabric.Network
	Diags diag.List
	Used  []lock.Entry // allocations that this network uses

	// What the topology passes leave for later ones, not part of the network.
	Sites []Site // by the spec's order, same indexes
	Pairs []Pair // joined sites, by the order of their ids
}

// Site is what passes know of a site beyond the fabric's.
type Site struct {
	ID       fabric.SiteID
	Cloud    vocab.Cloud
	Spec     *spec.Site
	Region   atlas.Region // zero on-prem
	Account  fabric.AccountID
	Zones    []string
	Tags     []fabric.Tag // complete
	VPCs     []*VPC
	Gateway  fabric.GatewayKind // 0 for none
	Hub      *VPC               // derived hub VPC, or the one VPC that has the gateway; nil for TGW, virtual hub, device
	Joined   bool               // some pair has it
	UseNCC   bool               // GCP: VPCs reach each other by Network Connectivity Center
	IsHub    bool               // hub of a connect
	Prefixes []netip.Prefix     // what others route to it: set by ipam
}

// VPC is what passes know of a site's part of a VPC.
type VPC struct {
	ID      fabric.VPCID
	Site    int
	Name    string
	Spec    *spec.Network // nil for a derived hub
	Pos     diag.Pos
	Account fabric.AccountID
	Role    fabric.VPCRole
	Tags    []fabric.Tag
	Env     string
	Subnets []Subnet
	Prefix  netip.Prefix // the block at this site; zero for an existing network
	Want    int          // prefix length of the block to allocate
}

// Existing reports whether the VPC is joined, not made.
func (v *VPC) Existing() bool { return v.Spec != nil && v.Spec.Existing.IsSet() }

// Subnet is a subnet to address, stated or derived.
type Subnet struct {
	Name    string
	Spec    *spec.Subnet // nil when derived
	Pos     diag.Pos
	Purpose fabric.Purpose
	Want    int // prefix length
	Zonal   bool
}

// Pair is two sites that are joined.
type Pair struct {
	A, B    int // indexes of Sites, in the order of their ids
	Link    fabric.LinkID
	Kind    fabric.LinkKind
	Entries []*spec.Connect // that join them, in the spec's order
	Hub     int             // index of the hub site, -1 when no entry is a hub
	Asked   vocab.Rate      // stated bandwidth
	Peak    vocab.Rate      // expected traffic in the busier direction
}

// Pos is where the spec first joins the pair.
func (p *Pair) Pos() diag.Pos { return p.Entries[0].Pos }

// New starts a draft.
func New(s *spec.Spec, l lock.Lock, a *atlas.Atlas) *Draft {
	return &Draft{Spec: s, Index: spec.NewIndex(s), Atlas: a, Lock: l}
}

// Because records why a value is what it is.
func (d *Draft) Because(object, field, value string, steps ...fabric.Step) {
	d.Net.Reasons = append(d.Net.Reasons, fabric.Reason{Object: object, Field: field, Value: value, Steps: steps})
}

// Step makes one link of a chain of reasons.
func Step(pos diag.Pos, facts []string, format string, args ...any) fabric.Step {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return fabric.Step{Text: format, Facts: facts, Pos: pos}
}

// Origin makes the origin of an object caused by a place in the spec.
func Origin(pos diag.Pos, path string) fabric.Origin { return fabric.Origin{Pos: pos, Path: path} }

// RegionDomains are the failure domains of anything in a site's region.
func (s *Site) RegionDomains() []fabric.Domain {
	if !s.Cloud.IsPublic() {
		return []fabric.Domain{{Kind: fabric.Facility, ID: string(s.ID)}}
	}
	return []fabric.Domain{
		{Kind: fabric.RegionDomain, ID: s.Cloud.String() + ":" + s.Region.Name},
		{Kind: fabric.Provider, ID: s.Cloud.String()},
	}
}

// Meta makes the meta of an object of a site.
func (s *Site) Meta(pos diag.Pos, path string) fabric.Meta {
	return fabric.Meta{Origin: Origin(pos, path), Account: s.Account, Domains: s.RegionDomains()}
}

// GatewayID is the id of the site's gateway.
func (s *Site) GatewayID() fabric.GatewayID {
	switch s.Gateway {
	case fabric.VirtualPrivateGateway:
		return fabric.GatewayID(string(s.ID) + "/" + s.Hub.Name + "/vgw")
	case fabric.TransitGateway:
		return fabric.GatewayID(s.ID + "/tgw")
	case fabric.HAVPN, fabric.VPNGateway:
		return fabric.GatewayID(s.ID + "/vpn")
	case fabric.VirtualHub:
		return fabric.GatewayID(s.ID + "/vwan")
	case fabric.Device:
		return fabric.GatewayID(s.ID + "/cpe")
	}
	return ""
}

// SortByID sorts a slice of objects by id.
func SortByID[T any, K cmp.Ordered](s []T, id func(T) K) {
	slices.SortStableFunc(s, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
}
