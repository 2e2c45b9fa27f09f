package atlas

import (
	"testing"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

func TestChange(t *testing.T) {
	a := Default()
	tests := []struct {
		name        string
		cloud       vocab.Cloud
		kind, field string
		effect      ChangeEffect
		interrupts  bool
	}{
		{"the block of a VPC", vocab.AWS, "VPC", "cidr", ReplacedByAnother, true},
		{"the AS number of a transit gateway", vocab.AWS, "transit gateway", "asn", ReplacedByAnother, true},
		{"the inside range of AWS's tunnels", vocab.AWS, "VPN connection", "inside", ConnectionRemade, true},
		{"the suite of AWS's tunnels", vocab.AWS, "VPN connection", "suite", ChangedInPlace, true},
		{"the suite of Google's tunnels", vocab.GCP, "VPN tunnel", "suite", ReplacedByAnother, true},
		{"a subnetwork that grows", vocab.GCP, "subnetwork", "cidr_widened", ChangedInPlace, false},
		{"the size of an Azure gateway", vocab.Azure, "VPN gateway", "sku", ChangedInPlace, true},
		{"its generation", vocab.Azure, "VPN gateway", "generation", ReplacedByAnother, true},
		{"rules of a security group", vocab.AWS, "security group", "rules", ChangedInPlace, false},
		{"anything of a tunnel at one's own device", vocab.OnPrem, "VPN tunnel", "suite", ChangedInPlace, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, ok := a.Change(tt.cloud, tt.kind, tt.field)
			if !ok || r.Effect != tt.effect || r.Interrupts() != tt.interrupts {
				t.Errorf("Change(%v, %q, %q) = %v interrupting %v, %v, want %v interrupting %v", tt.cloud, tt.kind, tt.field, r.Effect, r.Interrupts(), ok, tt.effect, tt.interrupts)
			}
		})
	}
	if r, ok := a.Change(vocab.AWS, "VPC", "nothing"); ok {
		t.Errorf("Change of a field without a rule = %v, want none", r)
	}
	if r, _ := a.Change(vocab.Azure, "VPN gateway", "generation"); r.Low != 45*time.Minute || r.TimesMark != Verified {
		t.Errorf("a gateway of another generation takes %v (%v), want the documented 45 minutes", r.Low, r.TimesMark)
	}
}

func TestChangeEffectText(t *testing.T) {
	for e := ChangedInPlace; e <= changeEffectsCount; e++ {
		text, err := e.MarshalText()
		var back ChangeEffect
		if err != nil || back.UnmarshalText(text) != nil || back != e {
			t.Errorf("effect %v is %q and back %v", e, text, back)
		}
	}
	var e ChangeEffect
	if err := e.UnmarshalText([]byte("perhaps")); err == nil {
		t.Errorf("UnmarshalText(perhaps) = %v, want an error", e)
	}
}
