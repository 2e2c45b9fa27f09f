package atlas

import (
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/vocab"
)

func TestArea(t *testing.T) {
	a := Default()
	region := func(c vocab.Cloud, name string) Place {
		r, ok := a.Region(c, name)
		if !ok {
			t.Fatalf("no region %s", name)
		}
		return r.Place()
	}
	for _, tt := range []struct {
		area  string
		place Place
		want  bool
	}{
		{"eu", region(vocab.AWS, "eu-central-1"), true},
		{"eu", region(vocab.AWS, "eu-west-2"), false}, // London
		{"eu", region(vocab.AWS, "eu-central-2"), false},
		{"eea", region(vocab.Azure, "norwayeast"), true},
		{"europe", region(vocab.AWS, "eu-west-2"), true},
		{"na", region(vocab.GCP, "northamerica-northeast1"), true},
		{"us", region(vocab.GCP, "northamerica-northeast1"), false},
		{"us", region(vocab.GCP, "us-west1"), true},
		{"united-states", region(vocab.GCP, "us-west1"), true},
		{"germany", region(vocab.AWS, "eu-central-1"), true},
		{"germany", region(vocab.AWS, "eu-west-1"), false},
		{"ap", region(vocab.AWS, "ap-southeast-2"), true},
		{"me", region(vocab.AWS, "ap-southeast-2"), false},
		{"eu", Place{City: "Atlantis"}, false},
	} {
		area, ok := a.Area(tt.area)
		if got := area.Holds(tt.place); !ok || got != tt.want {
			t.Errorf("Area(%q).Holds(%v) = %v, %v, want %v", tt.area, tt.place, got, ok, tt.want)
		}
	}
	if _, ok := a.Area("mars"); ok {
		t.Error("Area(mars) is known")
	}
}

func TestAreaNames(t *testing.T) {
	names := Default().AreaNames()
	if names[0] != "eu" || !slices.Contains(names, "south-korea") {
		t.Errorf("AreaNames() = %v", names)
	}
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			t.Errorf("area %s stands twice", n)
		}
		seen[n] = true
	}
}
