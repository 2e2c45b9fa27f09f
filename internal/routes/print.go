package routes

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Print writes the tables as text, one line a route, in the order of the
// tables: what is offered to people and compared in tests.
func (t *Tables) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	for i := range t.Tables {
		t.printTable(b, i)
	}
	for _, e := range t.Events {
		fmt.Fprintf(b, "%s %s\n", e.Kind, e.Text)
	}
	return b.Flush()
}

func (t *Tables) printTable(b *bufio.Writer, i int) {
	tb := &t.Tables[i]
	fmt.Fprintf(b, "%s %s\n", tb.Kind, tb.ID)
	for _, r := range tb.Own.All() {
		t.printRoute(b, &r)
	}
	for _, r := range tb.Learned.All() {
		if _, ok := tb.Own.Get(r.Prefix); ok || tb.Own.FirmOver(r.Prefix.Addr()) {
			continue
		}
		if tb.LearnedHop.Kind != 0 {
			r.Hops = []Hop{tb.LearnedHop}
		}
		t.printRoute(b, &r)
	}
}

func (t *Tables) printRoute(b *bufio.Writer, r *Route) {
	hops := make([]string, len(r.Hops))
	for k := range r.Hops {
		hops[k] = t.hop(&r.Hops[k])
	}
	firm := ""
	if r.Firm {
		firm = " firm"
	}
	fmt.Fprintf(b, "  %s %s%s %s: %s\n", r.Prefix, r.Protocol, firm, strings.Join(hops, ", "), r.Why)
}

// hop says where a hop leads: "to aws-oregon/tgw/edge over tunnel ...".
func (t *Tables) hop(h *Hop) string {
	over := ""
	switch {
	case h.Tunnel != "":
		over = " over " + string(h.Tunnel)
	case h.Attachment != "":
		over = " over " + string(h.Attachment)
	case h.Link != "":
		over = " over " + string(h.Link)
	}
	switch h.Kind {
	case Deliver:
		if h.VPC == "" {
			return "here"
		}
		return "into " + string(h.VPC) + over
	case Forward:
		return "to " + string(t.Tables[h.Table].ID) + over
	case Internet:
		if h.NAT != "" {
			return "internet or " + string(h.NAT)
		}
		return "internet"
	case Translate:
		return "by " + string(h.NAT)
	case Discard:
		return "discarded (" + h.Why + ")"
	case Unknown:
		return "unknown (" + h.Why + ")"
	}
	return "hop?"
}
