package audit

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
)

// unpricedEgress: between every two sites that policy joins some traffic is
// stated, so that the bill has its egress.
func (u *auditor) unpricedEgress() {
	stated := map[fabric.LinkID]bool{}
	for _, f := range u.n.Flows {
		for _, a := range u.sitesOf(f.From) {
			for _, b := range u.sitesOf(f.To) {
				stated[fabric.LinkBetween(a, b)] = true
			}
		}
	}
	missing := map[fabric.LinkID]bool{}
	var first fabric.Origin
	for _, w := range u.ways() {
		k := fabric.LinkBetween(w.from, w.to)
		if w.to == "" || w.from == w.to || !w.arrives || stated[k] || missing[k] {
			continue
		}
		missing[k] = true
		if o := u.n.Policy[w.rules[0]].Origin; first == (fabric.Origin{}) || o.Pos.Compare(first.Pos) < 0 {
			first = o
		}
	}
	if len(missing) == 0 {
		return
	}
	names := sortedKeys(missing)
	text := fmt.Sprintf("%s and %d more", names[0], len(names)-1)
	if len(names) <= 3 {
		words := make([]string, len(names))
		for i, n := range names {
			words[i] = string(n)
		}
		text = strings.Join(words, ", ")
	}
	f := u.add(diag.Note, first, u.n.Name, "policy joins sites between which no traffic is stated: %s; their egress is not in the bill", text)
	f.Hint = "add what you expect: traffic: [{from: ..., to: ..., monthly: 1TB}]"
}

// sitesOf returns the sites where an end of traffic is.
func (u *auditor) sitesOf(e fabric.FlowEnd) []fabric.SiteID {
	seen := map[fabric.SiteID]bool{}
	if e.Site != "" {
		seen[e.Site] = true
	}
	for _, id := range e.Subnets {
		if s, ok := u.n.Subnet(id); ok {
			seen[s.Site] = true
		}
	}
	return sortedKeys(seen)
}
