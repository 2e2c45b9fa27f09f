package atlas

import (
	"math"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// Place is a spot on the earth: a region of a cloud or a city.
type Place struct {
	Cloud     vocab.Cloud // zero for a city
	Region    string      // empty for a city
	City      string
	Country   string
	Continent string
	Lat, Lon  float64 // degrees, good to tens of kilometres
}

// IsZero reports whether p is no place.
func (p Place) IsZero() bool { return p == Place{} }

// String gives the region's name or the city's.
func (p Place) String() string {
	if p.Region != "" {
		return p.Region
	}
	return p.City
}

func (l *loader) readPlaces(a *Atlas) {
	a.places = map[string]Place{}
	t := l.table("cities")
	for i := range t.rows {
		p := Place{City: t.at(i, "city"), Country: t.at(i, "country"), Continent: t.at(i, "continent")}
		p.Lat, p.Lon = l.float(p.City, t.at(i, "lat")), l.float(p.City, t.at(i, "lon"))
		a.places[fold(p.City)] = p
	}
	for _, c := range vocab.Clouds {
		for _, r := range a.byCloud[c] {
			if _, ok := a.places[fold(r.City)]; !ok {
				a.places[fold(r.City)] = Place{City: r.City, Country: r.Country, Continent: r.Continent, Lat: r.Lat, Lon: r.Lon}
			}
		}
	}
}

// Place returns a city by its name, without regard to case and accents, and
// whether the atlas knows it: the metros of all regions and the larger cities
// of the world (data/cities.csv, coordinates recalled).
func (a *Atlas) Place(city string) (Place, bool) {
	p, ok := a.places[fold(city)]
	return p, ok
}

// Cities returns the names of all known cities, unsorted names folded away:
// for did-you-mean.
func (a *Atlas) Cities() []string {
	out := make([]string, 0, len(a.places))
	for _, p := range a.places {
		out = append(out, p.City)
	}
	return sortedStrings(out)
}

var foldAccents = strings.NewReplacer("á", "a", "ã", "a", "ä", "a", "é", "e", "í", "i", "ó", "o", "ö", "o", "ü", "u", "ø", "o", "å", "a", "ñ", "n", "-", " ")

// fold makes names comparable: lower case, no accents, no country after a comma.
func fold(s string) string {
	s, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(s)), ",")
	return foldAccents.Replace(s)
}

// Distance returns the great-circle distance between two places in
// kilometres (haversine formula on a sphere of 6371 km).
func Distance(p, q Place) float64 {
	const earthKM, rad = 6371, math.Pi / 180
	dLat, dLon := (q.Lat-p.Lat)*rad, (q.Lon-p.Lon)*rad
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(p.Lat*rad)*math.Cos(q.Lat*rad)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * earthKM * math.Asin(math.Sqrt(min(1, h)))
}
