package assert

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

// via states what holds of every way there and back, when nothing has failed.
func (r *runner) via(t *trial, v *spec.Via) {
	from, to := r.end(v.From), r.end(v.To)
	rules := r.viaRules(v)
	var what []string
	for _, x := range rules {
		what = append(what, x.text)
	}
	t.text = fmt.Sprintf("%s to %s, %s", from.label, to.label, strings.Join(what, ", "))
	t.judge = func(t *trial) {
		r.everyWay(t, from, to, func(d direction, w *way) {
			for _, x := range rules {
				if why := x.broken(w); why != "" {
					t.fails.add(r.name(d)+" "+why, func() *verify.Witness { return r.witness(r.healthy, d, w) })
				}
			}
		})
	}
}

// viaRule is one thing that holds of a way; broken says how it does not, or
// nothing.
type viaRule struct {
	text   string
	broken func(*way) string
}

func (r *runner) viaRules(v *spec.Via) []viaRule {
	open := func(w *way) string {
		if w.outcome == routes.ToInternet {
			return "leave for the internet"
		}
		return ""
	}
	var out []viaRule
	if v.Private.V {
		out = append(out, viaRule{"private", open})
	}
	if v.Encrypted.V {
		out = append(out, viaRule{"encrypted", func(w *way) string {
			if w.outcome == routes.ToInternet {
				return "leave for the internet, where nothing of the network encrypts them"
			}
			if l := r.healthy.plain(w); l != "" {
				return fmt.Sprintf("cross %s, which is no tunnel", l)
			}
			return ""
		}})
	}
	for _, n := range v.Never {
		name := n.V
		x := viaRule{text: "never " + name}
		_, isSite := r.index.Site(name)
		switch {
		case isSite:
			x.broken = func(w *way) string {
				if len(w.sites) > 2 && slices.Contains(w.sites[1:len(w.sites)-1], fabric.SiteID(name)) {
					return "cross site " + name
				}
				return ""
			}
		case name == spec.NeverInternet:
			x.broken = open
		case name == spec.NeverVPN:
			x.broken = func(w *way) string {
				for _, id := range w.links {
					if l, _ := r.proof.Net.Link(id); l.Kind == fabric.VPN {
						return fmt.Sprintf("cross %s, a VPN", id)
					}
				}
				return ""
			}
		default:
			full, _ := r.index.Object(name)
			x.broken = func(w *way) string {
				if slices.Contains(w.links, fabric.LinkID(full)) {
					return "cross " + full
				}
				return ""
			}
		}
		out = append(out, x)
	}
	return out
}

// everyWay looks at every way between two ends that gets there, both
// directions; that none does fails, since then nothing was stated.
func (r *runner) everyWay(t *trial, from, to end, look func(direction, *way)) {
	ways, dead := 0, ""
	lanes, _ := r.lanes(from, to, nil)
	for i := range lanes {
		l := &lanes[i]
		r.fromOutside(t, l)
		for _, d := range l.directions(r.healthy) {
			if !d.trail.complete {
				t.open.add(r.name(d)+" have more ways than are followed", nil)
			}
			for j := range d.trail.ways {
				w := &d.trail.ways[j]
				if w.unread != "" {
					t.open.add(fmt.Sprintf("%s depend on what is not modelled: %s", r.name(d), w.unread), func() *verify.Witness { return r.witness(r.healthy, d, w) })
					continue
				}
				if !w.arrives(d.outside) && w.outcome != routes.ToInternet {
					dead = r.name(d) + ": " + w.outcome.String()
					continue
				}
				ways++
				look(d, w)
			}
		}
	}
	if ways == 0 && t.open.why == "" {
		t.fails.add(cmp.Or(dead, "both ends are one place")+": there is no way that anything could hold of", nil)
	}
	t.judged = count(ways, "way") + " there and back"
}

// fromOutside notes that where a lane's packets enter is not known.
func (r *runner) fromOutside(t *trial, l *lane) {
	if l.hasOut {
		return
	}
	t.open.add(fmt.Sprintf("where packets from %s enter the network is not modelled", r.proof.Places()[l.from.place].ID), nil)
}
