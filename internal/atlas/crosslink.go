package atlas

import (
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// LinkState says whether a managed link can be ordered.
type LinkState string

// The states of a managed link.
const (
	LinkAvailable LinkState = "available"
	LinkListed    LinkState = "listed"  // named for one side; the pair is not confirmed
	LinkPreview   LinkState = "preview" // no SLA
)

// CrossLink is a private link that two clouds sell between two of their
// regions, without a colocation router.
type CrossLink struct {
	Product string
	AWS     string // region of AWS
	Other   string // region of the other cloud
	Cloud   vocab.Cloud
	State   LinkState
	Rates   []vocab.Rate // on sale, rising
	Fact    Fact
}

// CrossLinks returns all managed links, sorted by their facts' ids.
func (a *Atlas) CrossLinks() []CrossLink { return slices.Clone(a.crossLinks) }

// CrossLink returns the managed link between two regions, in either order,
// and whether there is one.
func (a *Atlas) CrossLink(x, y Region) (CrossLink, bool) {
	if y.Cloud == vocab.AWS {
		x, y = y, x
	}
	for _, l := range a.crossLinks {
		if x.Cloud == vocab.AWS && l.AWS == x.Name && l.Cloud == y.Cloud && l.Other == y.Name {
			return l, true
		}
	}
	return CrossLink{}, false
}

func (l *loader) readCrossLinks(a *Atlas) {
	t := l.table("crosslinks")
	for i := range t.rows {
		id := t.at(i, "id")
		c := CrossLink{
			Product: t.at(i, "product"), AWS: t.at(i, "aws"), Other: t.at(i, "other"),
			Cloud: l.cloud(id, t.at(i, "cloud")), State: LinkState(t.at(i, "state")), Fact: l.fact(t, i),
		}
		for _, w := range strings.Fields(t.at(i, "rates")) {
			c.Rates = append(c.Rates, l.rate(id, w))
		}
		for _, k := range []regionKey{{vocab.AWS, c.AWS}, {c.Cloud, c.Other}} {
			if _, ok := a.regions[k]; !ok {
				l.failf("fact %s: no region %s", id, k.name)
			}
		}
		c.Fact.Value = c.AWS + " - " + c.Other + ", " + t.at(i, "rates")
		c.Fact.Scope = c.Product + ", " + string(c.State)
		l.facts = append(l.facts, c.Fact)
		a.crossLinks = append(a.crossLinks, c)
	}
}
