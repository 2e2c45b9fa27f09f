// Package labview is what the commands of the lab print: tables and paragraphs
// for people, JSON for programs. It takes what the lab's client was told and a
// printer; it asks the lab nothing.
package labview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/cli/view"
	"github.com/tieline/tieline/internal/lab"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// Look is the state of a lab at one moment, with what was seen before.
type Look struct {
	At     time.Time
	Status lab.Status
	Trips  []lab.Trip
	// Before is the look that rates are counted from; nil for none.
	Before *Look
}

// tunnel is one tunnel as both of its ends see it.
type tunnel struct {
	up    bool
	suite string
	why   []string // of the ends that are not up: "at gcp-oregon: no answer"
}

// session counts the BGP sessions over tunnels.
type session struct {
	established, all int
	why              []string
}

// index finds what nodes say of tunnels and sessions, by tunnel.
type index struct {
	tunnels  map[string]*tunnel
	sessions map[string]*session
}

// tunnelPrefix is before the tunnel's id in the id of its device.
const tunnelPrefix = "tunnel "

func newIndex(s *lab.Status) index {
	x := index{tunnels: map[string]*tunnel{}, sessions: map[string]*session{}}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.State == nil {
			continue
		}
		for _, t := range n.State.Tunnels {
			id := strings.TrimPrefix(t.ID, tunnelPrefix)
			y := x.tunnels[id]
			if y == nil {
				y = &tunnel{up: true}
				x.tunnels[id] = y
			}
			y.suite = cmp.Or(y.suite, t.Suite)
			if !t.Up {
				y.up = false
				y.why = append(y.why, "at "+n.Name+": "+cmp.Or(t.Why, "down"))
			}
		}
		for _, e := range n.State.Sessions {
			y := x.sessions[e.ID]
			if y == nil {
				y = &session{}
				x.sessions[e.ID] = y
			}
			if y.all++; e.State == established {
				y.established++
			} else {
				y.why = append(y.why, "at "+n.Name+": "+strings.TrimSuffix(e.State+", "+e.Why, ", "))
			}
		}
	}
	return x
}

// established is the state of a session that works (RFC 4271 section 8.2.2).
const established = "established"

// line is a link with all that is known of it.
type line struct {
	link            *lab.LinkStatus
	tunnels, up     int // those whose both ends are up
	sessions, estab int // ends
	wires           int
	cut             int // tunnels and wires
	rate            [2]vocab.Rate
	delivered, lost uint64 // packets of both directions, since the look before
	trouble         []string
}

func lines(l *Look) []line {
	x := newIndex(&l.Status)
	var out []line
	for i := range l.Status.Links {
		k := &l.Status.Links[i]
		y := line{link: k}
		for j := range k.Ways {
			w := &k.Ways[j]
			if w.Cut {
				y.cut++
			}
			y.count(l, k.ID, j)
			if w.Tunnel == "" {
				y.wires++
				continue
			}
			y.tunnels++
			if t := x.tunnels[w.Tunnel]; t != nil && t.up && len(t.why) == 0 {
				y.up++
			} else if t != nil {
				y.trouble = append(y.trouble, w.Tunnel+" "+strings.Join(t.why, "; "))
			} else {
				y.trouble = append(y.trouble, w.Tunnel+" has no node that answers")
			}
			if s := x.sessions[w.Tunnel]; s != nil {
				y.sessions += s.all
				y.estab += s.established
				for _, why := range s.why {
					y.trouble = append(y.trouble, "BGP over "+w.Tunnel+" "+why)
				}
			}
		}
		out = append(out, y)
	}
	return out
}

// count adds what a way carried since the look before.
func (y *line) count(l *Look, link string, way int) {
	if l.Before == nil {
		return
	}
	seconds := l.At.Sub(l.Before.At).Seconds()
	i := slices.IndexFunc(l.Before.Status.Links, func(k lab.LinkStatus) bool { return k.ID == link })
	if i < 0 || seconds <= 0 || way >= len(l.Before.Status.Links[i].Ways) {
		return
	}
	now, was := y.link.Ways[way].Counts, l.Before.Status.Links[i].Ways[way].Counts
	for d := range now {
		y.rate[d] += vocab.Rate(float64(now[d].Bytes-was[d].Bytes) * 8 / seconds)
		y.delivered += now[d].Delivered - was[d].Delivered
		y.lost += now[d].Lost + now[d].Dropped + now[d].Cut - was[d].Lost - was[d].Dropped - was[d].Cut
	}
}

// loss is the part of packets that did not arrive; empty where there were none.
func (y *line) loss() string {
	if y.delivered+y.lost == 0 {
		return ""
	}
	return percent(float64(y.lost) / float64(y.delivered+y.lost))
}

func percent(f float64) string {
	switch {
	case f == 0:
		return "0 %"
	case f < 0.001:
		return "<0.1 %"
	case f < 0.1:
		return fmt.Sprintf("%.1f %%", f*100)
	}
	return fmt.Sprintf("%.0f %%", f*100)
}

// rates gives a rate each way with three digits, as 1.25M/310k.
func rates(r [2]vocab.Rate) string {
	if r[0] == 0 && r[1] == 0 {
		return ""
	}
	return short(r[0]) + " / " + short(r[1])
}

func short(r vocab.Rate) string {
	f := float64(r)
	switch {
	case f >= 1e9:
		return fmt.Sprintf("%.3gG", f/1e9)
	case f >= 1e6:
		return fmt.Sprintf("%.3gM", f/1e6)
	case f >= 1e3:
		return fmt.Sprintf("%.3gk", f/1e3)
	}
	return fmt.Sprintf("%.0f", f)
}

// millis gives milliseconds with one digit.
func millis(f float64) string { return fmt.Sprintf("%.1f ms", f) }

// span gives a duration for people: 3 s, 2 min, 1 h 5 min.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// linkTitle gives "aws-oregon – gcp-oregon".
func linkTitle(id string) string { return strings.Replace(id, "--", " – ", 1) }

// of gives "3 of 4", in red when it is not all.
func of(p *view.Printer, part, all int) string {
	if all == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d", part, all)
	if part < all {
		return p.Ink(view.Bad, text)
	}
	return text
}

// routesOf counts the routes of a node's tables.
func routesOf(st *nodeconf.Status) (all, learned int) {
	for i := range st.Tables {
		for j := range st.Tables[i].Routes {
			if all++; st.Tables[i].Routes[j].Learned {
				learned++
			}
		}
	}
	return all, learned
}

// carrier names what carries the tunnels, and the timers.
func carrier(o lab.Options) string {
	text := "WireGuard"
	if o.Tunnels == nodeconf.IPsec {
		text = "IPsec"
	}
	if o.Fast {
		return text + ", fast timers"
	}
	return text + ", timers of the clouds"
}
