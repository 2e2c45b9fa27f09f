package atlas

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// Zone is one availability zone as the cloud's Terraform provider takes it:
// the zone id on AWS (usw2-az1; the letter names differ from account to
// account), the zone's name on GCP (us-west1-a), the number on Azure (1).
type Zone string

// Status says whether a region can be used.
type Status string

// The states of a region in the data.
const (
	RegionListed    Status = "listed"    // in the source of regions.csv
	RegionRecalled  Status = "recalled"  // added from memory
	RegionAnnounced Status = "announced" // announced there; whether it is open is not known
)

// Region is one region of a cloud with its place.
type Region struct {
	Cloud     vocab.Cloud
	Name      string // us-west-2
	City      string
	Country   string
	Continent string // africa, asia, europe, middle-east, north-america, oceania, south-america
	Lat, Lon  float64
	Status    Status
	PriceZone string // Azure's billing zone: zone1, zone2, zone3, gov, china; gov and china on AWS; else empty
	Zones     []Zone // empty where the region has none or they are not known
	Fact      Fact   // of the zones

	aka string // other words for the place: oregon
}

// IsZero reports whether r is no region.
func (r Region) IsZero() bool { return r.Name == "" }

// Place returns where the region is.
func (r Region) Place() Place {
	return Place{Cloud: r.Cloud, Region: r.Name, City: r.City, Country: r.Country, Continent: r.Continent, Lat: r.Lat, Lon: r.Lon}
}

type regionKey struct {
	cloud vocab.Cloud
	name  string
}

func (l *loader) readRegions(a *Atlas) {
	a.regions, a.byCloud = map[regionKey]Region{}, map[vocab.Cloud][]Region{}
	t := l.table("regions")
	for i := range t.rows {
		id := t.at(i, "cloud") + ".region." + t.at(i, "region")
		r := Region{
			Cloud: l.cloud(id, t.at(i, "cloud")), Name: t.at(i, "region"), City: t.at(i, "city"),
			Country: t.at(i, "country"), Continent: t.at(i, "continent"),
			Lat: l.float(id, t.at(i, "lat")), Lon: l.float(id, t.at(i, "lon")),
			Status: Status(t.at(i, "status")), PriceZone: t.at(i, "price_zone"), aka: t.at(i, "aka"),
		}
		for _, z := range strings.Fields(t.at(i, "zones")) {
			r.Zones = append(r.Zones, Zone(z))
		}
		place := Fact{
			ID: id, Value: r.City + ", " + r.Country, Scope: r.Continent, AsOf: l.sources["CRC"].asOf,
			Source: l.sources["CRC"].url, Mark: Secondary, Note: "the metro's place; status " + string(r.Status),
		}
		if r.Status == RegionRecalled {
			place.Mark, place.Source, place.AsOf = Recalled, "", t.at(i, "zones_as_of")
		}
		r.Fact = Fact{ID: id + ".zones", Value: t.at(i, "zones"), Unit: "zones", Scope: "region", AsOf: t.at(i, "zones_as_of")}
		l.source(&r.Fact, t.at(i, "zones_mark"), t.at(i, "zones_source"))
		l.facts = append(l.facts, place, r.Fact)
		a.regions[regionKey{r.Cloud, r.Name}] = r
		a.byCloud[r.Cloud] = append(a.byCloud[r.Cloud], r)
	}
	for c := range a.byCloud {
		slices.SortFunc(a.byCloud[c], func(x, y Region) int { return cmp.Compare(x.Name, y.Name) })
	}
}

// Region returns a region by its exact name, and whether there is one.
func (a *Atlas) Region(c vocab.Cloud, name string) (Region, bool) {
	r, ok := a.regions[regionKey{c, name}]
	return r, ok
}

// Regions returns all regions of a cloud, sorted by name.
func (a *Atlas) Regions(c vocab.Cloud) []Region { return slices.Clone(a.byCloud[c]) }

// NearRegions returns up to four names of regions of a cloud that a wrong
// name may have meant, the likeliest first: the nearest by distance when the
// name is a region of another cloud or a city, else those that begin so or
// are spelled alike.
func (a *Atlas) NearRegions(c vocab.Cloud, name string) []string {
	const most = 4
	name = strings.ToLower(strings.TrimSpace(name))
	for _, other := range vocab.Clouds {
		if r, ok := a.Region(other, name); ok && other != c {
			return a.nearestRegions(c, r.Place(), 3)
		}
	}
	if p, ok := a.Place(name); ok {
		return a.nearestRegions(c, p, 3)
	}
	type scored struct {
		name  string
		score int
	}
	var all []scored
	plain := squeeze(name)
	for _, r := range a.byCloud[c] {
		n := squeeze(r.Name)
		switch d := distance(plain, n); {
		case plain == "":
		case plain == n:
			all = append(all, scored{r.Name, 0})
		case strings.HasPrefix(n, plain) && len(plain) >= 2:
			all = append(all, scored{r.Name, 1})
		case d <= 2:
			all = append(all, scored{r.Name, 1 + d})
		case wordsShared(name, r) > 0:
			all = append(all, scored{r.Name, 10 - wordsShared(name, r)})
		}
	}
	slices.SortStableFunc(all, func(x, y scored) int { return cmp.Or(cmp.Compare(x.score, y.score), cmp.Compare(x.name, y.name)) })
	var out []string
	for _, s := range all[:min(most, len(all))] {
		out = append(out, s.name)
	}
	return out
}

// nearestRegions returns the names of the n regions of a cloud that lie
// nearest to a place and are not only announced.
func (a *Atlas) nearestRegions(c vocab.Cloud, p Place, n int) []string {
	rs := slices.DeleteFunc(a.Regions(c), func(r Region) bool { return r.Status == RegionAnnounced || r.PriceZone == "gov" })
	slices.SortStableFunc(rs, func(x, y Region) int {
		return cmp.Compare(Distance(p, x.Place()), Distance(p, y.Place()))
	})
	var out []string
	for _, r := range rs[:min(n, len(rs))] {
		out = append(out, r.Name)
	}
	return out
}

// squeeze drops what people leave out or add in a region's name.
func squeeze(s string) string { return strings.NewReplacer("-", "", " ", "", "_", "").Replace(s) }

// wordsShared counts the words of a name that the region's name, city,
// country or state holds.
func wordsShared(name string, r Region) int {
	hay := fold(r.Name + " " + r.City + " " + r.Country + " " + r.aka)
	n := 0
	for _, w := range strings.FieldsFunc(fold(name), func(r rune) bool { return r == '-' || r == ' ' || r == '_' || r >= '0' && r <= '9' }) {
		if len(w) >= 4 && strings.Contains(hay, w) {
			n++
		}
	}
	return n
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
