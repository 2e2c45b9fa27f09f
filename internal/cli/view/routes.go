package view

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/routes"
)

// Routes is what the tables of a site hold.
type Routes struct {
	Site   string
	Tables *routes.Tables
	Shown  []int // indexes of the site's tables
}

// Routes prints the tables of a site with why each route won.
func (p *Printer) Routes(r Routes) {
	for k, i := range r.Shown {
		if k > 0 {
			p.Blank()
		}
		tb := &r.Tables.Tables[i]
		p.Title(string(tb.ID), tableTitle(tb))
		t := table{indent: "  ", columns: []column{{head: "PREFIX"}, {head: "BY"}, {head: "TO", most: 56}, {head: "AS PATH", drop: 1}, {head: "MED", right: true, drop: 2}, {head: "WHY", flex: true, wrap: true}}}
		for _, x := range r.Tables.All(i) {
			med := ""
			if x.Protocol == routes.BGP {
				med = number(x.MED)
			}
			t.add(x.Prefix.String(), x.Protocol.String(), hops(r.Tables, x.Hops), p.dim(asPath(x)), med, p.dim(x.Why))
		}
		t.print(p)
		if len(t.rows) == 0 {
			p.Line("  %s", p.dim("no routes"))
		}
	}
}

func tableTitle(tb *routes.Table) string {
	if tb.VPC != "" {
		return "of " + string(tb.VPC)
	}
	return "of " + string(tb.Gateway)
}

func asPath(r routes.Route) string {
	words := make([]string, len(r.Path))
	for i, a := range r.Path {
		words[i] = a.String()
	}
	return strings.Join(words, " ")
}

// hops says where a route leads, equal-cost tunnels of one link together.
func hops(t *routes.Tables, list []routes.Hop) string {
	var out []string
	count := map[string]int{}
	for _, h := range list {
		text := hop(t, h)
		if count[text] == 0 {
			out = append(out, text)
		}
		count[text]++
	}
	for i, text := range out {
		if n := count[text]; n > 1 {
			out[i] = fmt.Sprintf("%s × %d", text, n)
		}
	}
	return strings.Join(out, ", ")
}

func hop(t *routes.Tables, h routes.Hop) string {
	switch h.Kind {
	case routes.Deliver:
		return string(h.VPC)
	case routes.Forward:
		to := ""
		if h.Table >= 0 && h.Table < len(t.Tables) {
			to = string(t.Tables[h.Table].ID)
		}
		if h.Link != "" {
			return objectTitle(string(h.Link)) + " to " + to
		}
		return to
	case routes.Internet:
		return "the internet"
	case routes.Translate:
		return "NAT " + string(h.NAT)
	case routes.Discard:
		return "blackhole"
	case routes.Unknown:
		return "unknown: " + h.Why
	}
	return "?"
}

type siteRoutesJSON struct {
	FormatVersion string          `json:"format_version"`
	Site          string          `json:"site"`
	Tables        []siteTableJSON `json:"tables"`
}

type siteTableJSON struct {
	ID      string           `json:"id"`
	VPC     string           `json:"vpc,omitempty"`
	Gateway string           `json:"gateway,omitempty"`
	Routes  []tableRouteJSON `json:"routes"`
}

type tableRouteJSON struct {
	Prefix   string   `json:"prefix"`
	Protocol string   `json:"protocol"`
	To       []string `json:"to"`
	Tunnels  []string `json:"tunnels,omitempty"`
	ASPath   []string `json:"as_path,omitempty"`
	MED      int      `json:"med,omitempty"`
	Why      string   `json:"why"`
	At       string   `json:"at,omitempty"`
}

// RoutesJSON gives the same for programs.
func RoutesJSON(r Routes) any {
	out := siteRoutesJSON{FormatVersion: FormatVersion, Site: r.Site, Tables: []siteTableJSON{}}
	for _, i := range r.Shown {
		tb := &r.Tables.Tables[i]
		j := siteTableJSON{ID: string(tb.ID), VPC: string(tb.VPC), Gateway: string(tb.Gateway), Routes: []tableRouteJSON{}}
		for _, x := range r.Tables.All(i) {
			row := tableRouteJSON{Prefix: x.Prefix.String(), Protocol: x.Protocol.String(), ASPath: texts(x.Path), MED: x.MED, Why: x.Why, At: origin(x.Origin)}
			for _, h := range x.Hops {
				row.To = append(row.To, hop(r.Tables, h))
				if h.Tunnel != "" {
					row.Tunnels = append(row.Tunnels, string(h.Tunnel))
				}
			}
			j.Routes = append(j.Routes, row)
		}
		out.Tables = append(out.Tables, j)
	}
	return out
}
