package change

import (
	"cmp"
	"slices"
	"time"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Interrupt is what becomes of a link, or of what stands on a resource, while
// the change is made. Changes of different resources are taken as made at the
// same time, as Terraform does.
type Interrupt struct {
	Link fabric.LinkID // as the new network spells it; empty for a resource
	// Resource is the id of a resource that is no part of a link.
	Resource string
	Down, Of int // tunnels of the link that are down, and that both networks have
	// Low and High bound how long it lasts; what Terraform or the cloud adds
	// between the steps is not in it.
	Low, High time.Duration
	Mark      atlas.Mark
	Causes    []string // ids of the resources, sorted
}

// Stops reports whether traffic stops: a link of which a tunnel stays up goes
// on with less bandwidth once BGP has noticed.
func (i *Interrupt) Stops() bool { return i.Down == i.Of }

// interrupts sums up what the changes of resources do to links and to what
// stands on other resources, sorted.
func interrupts(m *match, a *atlas.Atlas, list []Resource) []Interrupt {
	type outage struct {
		low, high time.Duration
		mark      atlas.Mark
		causes    []string
	}
	down := map[fabric.TunnelID]*outage{}
	var out []Interrupt
	for i := range list {
		r := &list[i]
		if !r.Interrupts() || r.Action == Added || r.Action == Removed {
			continue
		}
		if len(r.tunnels) == 0 {
			if carries(r) && !r.Follows() {
				in := Interrupt{Link: r.link, Low: r.Low, High: r.High, Mark: r.Mark, Causes: []string{r.ID}}
				if r.link == "" {
					in.Resource = r.ID
				}
				out = append(out, in)
			}
			continue
		}
		for _, t := range r.tunnels {
			o := down[t]
			if o == nil {
				o = &outage{}
				down[t] = o
			}
			o.low, o.high, o.mark = max(o.low, r.Low), max(o.high, r.High), o.mark.Weaker(r.Mark)
			o.causes = append(o.causes, r.roots...)
		}
	}
	for _, x := range movedAssociations(m) {
		rule, ok := a.Change(vocab.AWS, transitTable, "associate")
		if !ok {
			continue
		}
		if len(x.tunnels) == 0 {
			in := Interrupt{Link: x.link, Low: rule.Low, High: rule.High, Mark: rule.TimesMark, Causes: []string{x.table}}
			if x.link == "" {
				in.Resource = x.attachment
			}
			out = append(out, in)
		}
		for _, t := range x.tunnels {
			o := down[t]
			if o == nil {
				o = &outage{}
				down[t] = o
			}
			o.low, o.high, o.mark = max(o.low, rule.Low), max(o.high, rule.High), o.mark.Weaker(rule.TimesMark)
			o.causes = append(o.causes, x.table)
		}
	}
	for _, l := range m.new.Links {
		in := Interrupt{Link: l.ID}
		for _, id := range l.Tunnels {
			was := formerID(m, id)
			if _, ok := m.old.Tunnel(was); !ok {
				continue // it carries nothing yet
			}
			in.Of++
			o := down[was]
			if o == nil {
				continue
			}
			in.Down++
			in.Low, in.High, in.Mark = max(in.Low, o.low), max(in.High, o.high), in.Mark.Weaker(o.mark)
			in.Causes = append(in.Causes, o.causes...)
		}
		if in.Down > 0 {
			slices.Sort(in.Causes)
			in.Causes = slices.Compact(in.Causes)
			out = append(out, in)
		}
	}
	slices.SortStableFunc(out, func(x, y Interrupt) int {
		return cmp.Or(cmp.Compare(x.Link, y.Link), cmp.Compare(x.Resource, y.Resource))
	})
	return out
}

// carries reports whether traffic crosses a resource: its interruption is one
// of traffic. What a transit gateway's table does is told of its attachments.
func carries(r *Resource) bool { return r.Kind != "flow log" && r.Kind != transitTable }
