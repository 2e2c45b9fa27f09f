package limits

import (
	"net/netip"
	"testing"

	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

func TestResourcesOfOneRoot(t *testing.T) {
	n := fabric.Network{Filters: []fabric.Filter{{Rules: []fabric.FilterRule{{Peers: make([]netip.Prefix, 3), Services: make([]vocab.Service, 2)}, {All: true}}}}}
	if got, want := resources(&n), 1+6+1; got != want {
		t.Errorf("resources(one filter) = %d, want %d", got, want)
	}
	d := &draft.Draft{Spec: &spec.Spec{}, Net: fabric.Network{VPCs: make([]fabric.VPC, mostInOneRoot)}}
	if layout(d); len(d.Diags) != 1 || d.Diags[0].Code != "layout" {
		t.Errorf("layout of %d VPCs in one root = %v, want one warning", mostInOneRoot, d.Diags)
	}
	d = &draft.Draft{Spec: &spec.Spec{}, Net: fabric.Network{VPCs: make([]fabric.VPC, mostInOneRoot), Layout: fabric.Stacks}}
	if layout(d); len(d.Diags) != 0 {
		t.Errorf("layout of stacks = %v, want nothing", d.Diags)
	}
}
