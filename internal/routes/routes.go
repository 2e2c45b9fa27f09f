// Package routes works out what the clouds' control planes make of a compiled
// network: which routes every table holds once BGP, propagation and peerings
// have converged, healthy or with parts failed, and where a packet then goes.
//
// It takes a [fabric.Network] and the facts, and gives [Tables]. It shares
// nothing with compile, which decided what is configured; it knows how each
// cloud treats it, by the documented rules that the atlas lists under
// "route", with what happens beyond each limit. Packet filters are not its
// business but verify's.
package routes

import (
	"net/netip"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

// Plane is the control plane of one network: what does not depend on what has
// failed is worked out once. It is safe for concurrent use.
type Plane struct {
	net   *fabric.Network
	atlas *atlas.Atlas
}

// New prepares the control plane of a network.
func New(n *fabric.Network, a *atlas.Atlas) *Plane { return &Plane{net: n, atlas: a} }

// Compute returns the tables of a network of which parts have failed.
func Compute(n *fabric.Network, a *atlas.Atlas, failed Failure) *Tables {
	return New(n, a).Tables(failed)
}

// Tables returns the tables once all has converged after a failure. What the
// failure does not touch is shared with the tables of the healthy network.
func (p *Plane) Tables(failed Failure) *Tables {
	return &Tables{Network: p.net, Failure: failed}
}

// Parts lists what of the network can fail, of the given kinds (all when none
// is given), sorted.
func (p *Plane) Parts(kinds ...PartKind) []Part { return nil }

// Candidate is a route that was offered to a table, installed or not.
type Candidate struct {
	Route     Route
	Installed bool
	Why       string // why it won or lost: "AS path of 3 against 2"
}

// Explain lists what a table was offered for a prefix, the winner first.
func (p *Plane) Explain(t *Tables, table int, to netip.Prefix) []Candidate { return nil }

// Changed lists the tables (by index, rising) in which some address may be
// forwarded otherwise than in u, which is of the same plane.
func (t *Tables) Changed(u *Tables) []int { return nil }

// Down reports whether machines of a subnet's part (zone empty where subnets
// are regional) have themselves failed: their zone, site, region or cloud.
func (t *Tables) Down(s fabric.SubnetID, zone string) bool { return false }

// SiteDown reports whether a site as a whole has failed.
func (t *Tables) SiteDown(s fabric.SiteID) bool { return false }

// SiteTable returns the index of the table by which machines of a site of
// one's own send, or -1.
func (t *Tables) SiteTable(s fabric.SiteID) int { return -1 }
