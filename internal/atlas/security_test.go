package atlas

import (
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/vocab"
)

func TestManagementPorts(t *testing.T) {
	want := map[string]string{"SSH": "tcp/22", "Remote Desktop": "tcp/3389", "PostgreSQL": "tcp/5432", "WinRM": "tcp/5985-5986"}
	last := uint16(0)
	for _, m := range Default().ManagementPorts() {
		first := m.Services[0]
		if first.Ports.First < last || first.Ports.First == 0 {
			t.Errorf("ManagementPorts() has %s at %v after port %d, want them rising", m.Name, first, last)
		}
		last = first.Ports.First
		if text, ok := want[m.Name]; ok && first.String() != text {
			t.Errorf("ManagementPorts() has %s at %v, want %s", m.Name, first, text)
		}
		delete(want, m.Name)
	}
	if len(want) > 0 {
		t.Errorf("ManagementPorts() lacks %v", want)
	}
}

func TestDefaultFilters(t *testing.T) {
	tests := []struct {
		cloud vocab.Cloud
		name  string
		want  bool
	}{
		{vocab.AWS, "default", true},
		{vocab.AWS, "web", false},
		{vocab.GCP, "default-allow-ssh", true},
		{vocab.Azure, "default", false},
	}
	for _, tt := range tests {
		names, f := Default().DefaultFilters(tt.cloud)
		if got := slices.Contains(names, tt.name); got != tt.want {
			t.Errorf("DefaultFilters(%v) has %q: %v, want %v", tt.cloud, tt.name, got, tt.want)
		}
		if (len(names) > 0) != (f.ID != "") {
			t.Errorf("DefaultFilters(%v) = %v with the fact %q, want both or neither", tt.cloud, names, f.ID)
		}
	}
}
