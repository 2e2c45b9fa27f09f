package schema

import (
	"path"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// TestEveryBlockDecodes loads all copies and decodes each of their blocks.
func TestEveryBlockDecodes(t *testing.T) {
	for _, s := range Sources() {
		p, err := Load(s.Name)
		if err != nil {
			t.Errorf("Load(%q) = %v", s.Name, err)
			continue
		}
		if len(p.ResourceTypes()) == 0 {
			t.Errorf("Load(%q) has no resource types", s.Name)
		}
		for _, name := range p.ResourceTypes() {
			if !p.Resource(name).Type().IsObjectType() {
				t.Errorf("Resource(%q).Type() = %#v, want an object", name, p.Resource(name).Type())
			}
		}
		for _, name := range p.DataSourceTypes() {
			if !p.DataSource(name).Type().IsObjectType() {
				t.Errorf("DataSource(%q).Type() = %#v, want an object", name, p.DataSource(name).Type())
			}
		}
	}
}

func TestSourcesListEveryFile(t *testing.T) {
	entries, err := files.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if m, _ := path.Match("*.json.gz", e.Name()); m {
			names = append(names, e.Name())
		}
	}
	var want []string
	for _, s := range Sources() {
		want = append(want, s.Name+".json.gz")
	}
	if !slices.Equal(names, want) {
		t.Errorf("files = %v, want %v", names, want)
	}
}

func TestAttribute(t *testing.T) {
	tests := []struct {
		name               string
		provider, resource string
		attribute          string
		wantType           cty.Type
		wantSettable       bool
	}{
		{"required string", "google", "google_compute_network", "name", cty.String, true},
		{"read-only string", "aws", "aws_vpn_connection", "tunnel1_address", cty.String, false},
		{"set of numbers", "aws", "aws_vpn_connection", "tunnel1_phase1_dh_group_numbers", cty.Set(cty.Number), true},
		{"region of aws 6", "aws", "aws_vpc", "region", cty.String, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Load(tt.provider)
			if err != nil {
				t.Fatal(err)
			}
			a := p.Resource(tt.resource).Attributes[tt.attribute]
			if !a.Type.Equals(tt.wantType) || a.Settable() != tt.wantSettable {
				t.Errorf("%s.%s = %v settable %v, want %v settable %v", tt.resource, tt.attribute,
					a.Type.FriendlyName(), a.Settable(), tt.wantType.FriendlyName(), tt.wantSettable)
			}
		})
	}
}

func TestRepair(t *testing.T) {
	p, err := Load("aws")
	if err != nil {
		t.Fatal(err)
	}
	got := p.Resource("aws_security_group").Attributes["ingress"].Type
	if !got.IsSetType() || !got.ElementType().HasAttribute("description") || !got.ElementType().HasAttribute("from_port") {
		t.Errorf("type of aws_security_group.ingress = %#v, want a set of objects with description and from_port", got)
	}
}

func TestUnknownNames(t *testing.T) {
	if _, err := Load("oracle"); err == nil {
		t.Errorf("Load(%q) = nil error, want one", "oracle")
	}
	p, err := Load("aws")
	if err != nil {
		t.Fatal(err)
	}
	if b := p.Resource("aws_no_such_thing"); b != nil {
		t.Errorf("Resource(%q) = %v, want nil", "aws_no_such_thing", b)
	}
}
