// Package audit judges a network by good practice: the rules that every
// design of this kind should keep, and the traps that the clouds set for naive
// ones. Each rule has a stable code, a reason, a source and a meaning that can
// be checked on the compiled (or read) network, its proof and its bill; a rule
// whose subject cannot be stated yet is listed as not judged, with what is
// missing.
//
// It takes a [fabric.Network] with its [verify.Proof] and bill, and gives
// findings; [Waive] applies the waivers that the spec states. It reads no
// clock: the day is the caller's. What is proved of single packets (policy
// that does not work, leaks) is verify's, and what failures do outage's.
package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/verify"
)

// Input is what a network is judged by.
type Input struct {
	Network *fabric.Network
	Atlas   *atlas.Atlas
	Proof   *verify.Proof
	Outages *outage.Model // of the proof
	Bill    *price.Bill   // of the same network
	// Asserted reports whether every assertion kept beside the spec holds
	// without a link; nil where there are none.
	Asserted func(without fabric.LinkID) bool
	Drill    *Drill    // the newest on record; nil where there is none
	Lock     string    // hash of the lock, that of a drill of this network
	Today    time.Time // for waivers that expire, and drills that are old
}

// rule is a [diag.Rule] with what judges it; none where it is not judged.
type rule struct {
	diag.Rule
	judge func(*auditor)
}

// auditor collects the findings of one network.
type auditor struct {
	n    *fabric.Network
	a    *atlas.Atlas
	p    *verify.Proof
	in   Input
	rule diag.Rule // being judged
	memo memo
	out  []verify.Finding
}

// memo keeps what several rules ask for.
type memo struct {
	options  map[fabric.LinkID]price.LinkOptions
	builder  *wayBuilder
	ways     []way
	joined   map[fabric.VPCID][]fabric.Gateway
	speakers map[fabric.GatewayID]bool
	told     []fabric.SiteID // in Google, of which TL2107 says that they hand nothing on
}

// Run judges a network by every rule of the audit, without those of waivers.
// The findings are sorted by severity, place, code and object.
func Run(in Input) []verify.Finding {
	u := &auditor{n: in.Network, a: in.Atlas, p: in.Proof, in: in}
	for _, r := range rules() {
		if r.judge == nil {
			continue
		}
		u.rule = r.Rule
		r.judge(u)
	}
	slices.SortStableFunc(u.out, compareFindings)
	return u.out
}

func compareFindings(x, y verify.Finding) int {
	return cmp.Or(cmp.Compare(x.Severity, y.Severity), x.Pos.Compare(y.Pos), cmp.Compare(x.Code, y.Code),
		cmp.Compare(x.Object, y.Object), cmp.Compare(x.Summary, y.Summary))
}

// add records a finding of the rule being judged at an origin, about an
// object, and returns it to be given a hint, related places or a witness. The
// pointer holds until the next add.
func (u *auditor) add(s diag.Severity, at fabric.Origin, object, format string, args ...any) *verify.Finding {
	u.out = append(u.out, verify.Finding{
		Diagnostic: diag.Diagnostic{
			Pos: at.Pos, Severity: s, Code: u.rule.Code, Source: u.rule.Source,
			Summary: fmt.Sprintf(format, args...),
		},
		Object: object,
	})
	return &u.out[len(u.out)-1]
}

// compiled reports whether the network comes from a spec, so that what it
// does not have was not asked for; of one that was read, it may only not be in
// the file.
func (u *auditor) compiled() bool { return len(u.n.Pools) > 0 }

// site returns the site of an id; zero when there is none of that id.
func (u *auditor) site(id fabric.SiteID) fabric.Site {
	s, _ := u.n.Site(id)
	return s
}

// gateway returns the gateway of an id; zero when there is none.
func (u *auditor) gateway(id fabric.GatewayID) fabric.Gateway {
	g, _ := u.n.Gateway(id)
	return g
}

// place returns where a site is; zero when it is not known.
func (u *auditor) place(s fabric.Site) atlas.Place {
	if r, ok := u.a.Region(s.Cloud, s.Region); ok {
		return r.Place()
	}
	if p, ok := u.a.Place(s.City); ok {
		return p
	}
	return atlas.Place{}
}
