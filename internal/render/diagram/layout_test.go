package diagram

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/fabric"
)

// shapes are networks that strain the layout.
var shapes = []shape{
	{},
	{clouds: 1, sites: 1},
	{clouds: 1, sites: 4, networks: 1, subnets: 1, links: 6},
	{clouds: 2, sites: 1, networks: 6, subnets: 2, links: 1},
	{clouds: 2, sites: 4, networks: 1, subnets: 1, links: 20},
	{clouds: 3, sites: 2, networks: 2, subnets: 2, links: 15, segments: 3},
	{clouds: 4, sites: 2, networks: 1, subnets: 1, links: 24},
	{clouds: 5, sites: 1, networks: 1, subnets: 3, links: 10},
	{clouds: 5, sites: 3, networks: 3, subnets: 9, links: 22, segments: 12},
	{clouds: 3, sites: 10, networks: 33, subnets: 6, links: 435, segments: 12},
	{clouds: 1, sites: 16, networks: 1, subnets: 1, links: 20},
}

// drawn gives the networks of the shapes, and random ones.
func drawn() map[string]Diagram {
	out := map[string]Diagram{}
	for _, s := range shapes {
		out[fmt.Sprintf("%+v", s)] = Model(made(s))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 80 {
		s := shape{
			clouds: 1 + random.IntN(5), sites: 1 + random.IntN(4), networks: random.IntN(4), subnets: random.IntN(3),
			links: 1000, segments: random.IntN(10),
		}
		n := made(s)
		random.Shuffle(len(n.Links), func(i, j int) { n.Links[i], n.Links[j] = n.Links[j], n.Links[i] })
		n.Links = n.Links[:min(len(n.Links), random.IntN(MaxLinks+4))]
		slices.SortFunc(n.Links, func(a, b fabric.Link) int { return strings.Compare(string(a.ID), string(b.ID)) })
		out[fmt.Sprintf("random %d %+v %d links", i, s, len(n.Links))] = Model(n)
	}
	return out
}

func overlap(a, b rect) bool {
	return a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
}

func within(in, out rect) bool {
	const slack = 0.01
	return in.x >= out.x-slack && in.y >= out.y-slack && in.right() <= out.right()+slack && in.bottom() <= out.bottom()+slack
}

// TestPlacesAreApart looks at every pair of boxes, naively.
func TestPlacesAreApart(t *testing.T) {
	for name, d := range drawn() {
		t.Run(name, func(t *testing.T) {
			s := place(d)
			page := rect{0, 0, s.width, s.height}
			for i, c := range s.clouds {
				if !within(c.rect, page) {
					t.Errorf("cloud %s at %v is off the page %v", c.cloud.Title, c.rect, page)
				}
				for _, other := range s.clouds[:i] {
					if overlap(c.rect, other.rect) {
						t.Errorf("clouds %s and %s overlap", c.cloud.Title, other.cloud.Title)
					}
				}
				for j, site := range c.sites {
					if !within(site.rect, c.rect) {
						t.Errorf("site %s at %v is outside its cloud %v", site.site.ID, site.rect, c.rect)
					}
					for _, other := range c.sites[:j] {
						if overlap(site.rect, other.rect) {
							t.Errorf("sites %s and %s overlap", site.site.ID, other.site.ID)
						}
					}
					checkSite(t, site)
				}
			}
		})
	}
}

func checkSite(t *testing.T, s siteBox) {
	t.Helper()
	for i, n := range s.networks {
		if !within(n.rect, s.rect) {
			t.Errorf("network %s at %v is outside its site %v", n.net.VPC, n.rect, s.rect)
		}
		for _, other := range s.networks[:i] {
			if overlap(n.rect, other.rect) {
				t.Errorf("networks %s and %s overlap", n.net.VPC, other.net.VPC)
			}
		}
		for _, b := range s.bars {
			if overlap(n.rect, b.rect) {
				t.Errorf("network %s and gateway %s overlap", n.net.VPC, b.gateway.ID)
			}
		}
	}
	for _, b := range s.bars {
		if !within(b.rect, s.rect) {
			t.Errorf("gateway %s at %v is outside its site %v", b.gateway.ID, b.rect, s.rect)
		}
	}
}

// TestLinksAreClear: each link once, from edge to edge, through no site, on a
// way of its own; no label on another.
func TestLinksAreClear(t *testing.T) {
	for name, d := range drawn() {
		t.Run(name, func(t *testing.T) {
			s := place(d)
			page := rect{0, 0, s.width, s.height}
			got := len(s.routes)
			for _, c := range s.clouds {
				got += len(c.within)
			}
			if got != len(d.Links) {
				t.Errorf("%d links drawn, want %d", got, len(d.Links))
			}
			for i, r := range s.routes {
				if !within(r.label, page) {
					t.Errorf("label of %s at %v is off the page %v", r.link.ID, r.label, page)
				}
				for _, leg := range legs(r) {
					for _, c := range s.clouds {
						for _, site := range c.sites {
							if overlap(leg, site.rect) {
								t.Errorf("link %s runs through site %s", r.link.ID, site.site.ID)
							}
						}
					}
				}
				for _, other := range s.routes[:i] {
					if overlap(r.label, other.label) {
						t.Errorf("labels of %s and %s overlap", r.link.ID, other.link.ID)
					}
					for _, a := range legs(r) {
						for _, b := range legs(other) {
							if upright(a) == upright(b) && overlap(a, b) {
								t.Errorf("links %s and %s share a way: %v, %v", r.link.ID, other.link.ID, a, b)
							}
						}
					}
				}
			}
		})
	}
}

// legs gives the straight pieces of a route as thin boxes.
func legs(r route) []rect {
	var out []rect
	for i := 1; i < len(r.points); i++ {
		a, b := r.points[i-1], r.points[i]
		leg := rect{min(a.x, b.x) - 0.5, min(a.y, b.y), max(a.x, b.x) - min(a.x, b.x) + 1, max(a.y, b.y) - min(a.y, b.y)}
		if a.y == b.y {
			leg = rect{min(a.x, b.x), a.y - 0.5, max(a.x, b.x) - min(a.x, b.x), 1}
		}
		out = append(out, leg)
	}
	return out
}

func upright(r rect) bool { return r.h > r.w }

func TestTriangleDoesNotCross(t *testing.T) {
	for _, name := range []string{"triangle", "ml-platform", "hub-spoke"} {
		s := place(Model(example(t, name)))
		for i, r := range s.routes {
			for _, other := range s.routes[:i] {
				for _, a := range legs(r) {
					for _, b := range legs(other) {
						if overlap(a, b) {
							t.Errorf("%s: links %s and %s cross", name, r.link.ID, other.link.ID)
						}
					}
				}
			}
		}
	}
}

func TestArrangeSetsTheHubApart(t *testing.T) {
	rows := arrange(Model(example(t, "ml-platform")))
	var got [2][]string
	for r, clouds := range rows {
		for _, c := range clouds {
			got[r] = append(got[r], c.Title)
		}
	}
	if want := [2][]string{{"AWS"}, {"On-premises", "Azure", "Google Cloud"}}; cmp.Diff(want, got) != "" {
		t.Errorf("arrange(ml-platform) = %v, want %v", got, want)
	}
}
