package atlas

import (
	"slices"
	"strings"
)

// Area is a part of the world that traffic may have to stay in: a country, or
// several countries and continents under one name.
type Area struct {
	Name       string // eu, germany
	Title      string // the European Union
	Continents []string
	Countries  []string
	Fact       Fact // zero for a country
}

// Holds reports whether a place lies in the area. A place whose country is
// not known lies in none.
func (a Area) Holds(p Place) bool {
	return p.Country != "" && slices.Contains(a.Countries, p.Country) || p.Continent != "" && slices.Contains(a.Continents, p.Continent)
}

// Area returns an area by its name, and whether the atlas knows it: those of
// data/areas.csv, the continents of the regions, and every country that a
// region or known city lies in, in lower case with hyphens.
func (a *Atlas) Area(name string) (Area, bool) {
	i := slices.IndexFunc(a.areas, func(x Area) bool { return x.Name == name })
	if i < 0 {
		return Area{}, false
	}
	return a.areas[i], true
}

// AreaNames returns the names of all areas, those of several countries first.
func (a *Atlas) AreaNames() []string {
	out := make([]string, len(a.areas))
	for i := range a.areas {
		out[i] = a.areas[i].Name
	}
	return out
}

func (l *loader) readAreas(a *Atlas) {
	var countries, continents []string
	for _, p := range a.places {
		countries = append(countries, p.Country)
		continents = append(continents, p.Continent)
	}
	countries, continents = slices.Compact(sortedStrings(countries)), slices.Compact(sortedStrings(continents))
	t := l.table("areas")
	for i := range t.rows {
		f := l.fact(t, i)
		area := Area{Name: f.ID, Title: t.at(i, "name"), Continents: strings.Fields(t.at(i, "continents"))}
		for _, c := range area.Continents {
			if !slices.Contains(continents, c) {
				l.failf("area %s: nothing lies in continent %q", f.ID, c)
			}
		}
		if text := t.at(i, "countries"); text != "" {
			area.Countries = strings.Split(text, "; ")
		}
		f.ID, f.Value, f.Scope = "area."+f.ID, strings.Join(slices.Concat(area.Continents, area.Countries), "; "), area.Title
		area.Fact = f
		l.facts = append(l.facts, f)
		a.areas = append(a.areas, area)
	}
	add := func(x Area) {
		if _, ok := a.Area(x.Name); !ok {
			a.areas = append(a.areas, x)
		}
	}
	for _, c := range continents {
		add(Area{Name: c, Title: c, Continents: []string{c}})
	}
	for _, c := range countries {
		add(Area{Name: strings.ReplaceAll(fold(c), " ", "-"), Title: c, Countries: []string{c}})
	}
}
