package audit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
)

// privateBetweenSites: no packet between two sites of the network goes out of
// a NAT or internet gateway. One to a private address is dropped there, and
// nobody reads it: that it has no way is the proof's to say.
func (u *auditor) privateBetweenSites() {
	seen := map[string]bool{}
	for _, w := range u.ways() {
		if !w.internet || w.to == "" || w.addr.IsPrivate() {
			continue
		}
		for _, i := range w.rules {
			object := string(fabric.LinkBetween(w.from, w.to))
			key := fmt.Sprintf("%d %s", i, object)
			if seen[key] {
				continue
			}
			seen[key] = true
			f := u.add(diag.Error, u.n.Policy[i].Origin, object,
				"packets from %s to %s (%s) leave for the internet outside of any tunnel", w.from, w.to, w.addr)
			f.Hint = fmt.Sprintf("join the two sites: connect: [{link: [%s, %s]}]", w.from, w.to)
			f.Related = append(f.Related, diag.Related{Pos: u.site(w.to).Meta.Origin.Pos, Message: "the site " + string(w.to)})
		}
	}
}

// publicInternet: a range that policy names, outside of the network, is not
// reached over the public internet. The internet as a whole is no such range.
func (u *auditor) publicInternet() {
	type reach struct {
		rule int
		from fabric.SiteID
	}
	addrs := map[reach][]netip.Addr{}
	var order []reach
	for _, w := range u.ways() {
		if !w.internet || w.to != "" {
			continue
		}
		for _, i := range w.rules {
			k := reach{i, w.from}
			if addrs[k] == nil {
				order = append(order, k)
			}
			addrs[k] = append(addrs[k], w.addr)
		}
	}
	for _, k := range order {
		r := &u.n.Policy[k.rule]
		list := addrs[k]
		slices.SortFunc(list, netip.Addr.Compare)
		severity := diag.Note
		if u.production(k.from) {
			severity = diag.Warning
		}
		f := u.add(severity, r.Origin, string(k.from), "%s reaches %s over the public internet", k.from, refs(r.To))
		f.Hint = "make it a site of your own with its CIDRs and public address, and join it with connect"
		f.Related = append(f.Related, diag.Related{Message: fmt.Sprintf("for example %s", list[0])})
	}
}

// production reports whether a site's environment is production, or not said.
func (u *auditor) production(id fabric.SiteID) bool {
	env := strings.ToLower(u.site(id).Environment)
	if env == "" {
		env = strings.ToLower(u.n.Environment)
	}
	return env == "" || strings.HasPrefix(env, "prod")
}

// refs gives the ends of a rule as the spec names them.
func refs(ends []fabric.PolicyEnd) string {
	words := make([]string, len(ends))
	for i, e := range ends {
		words[i] = e.Ref
	}
	return strings.Join(words, ", ")
}
