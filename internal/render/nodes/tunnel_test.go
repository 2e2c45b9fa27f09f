package nodes

import (
	"testing"

	"github.com/tieline/tieline/internal/vocab"
)

func TestProposals(t *testing.T) {
	tests := []struct {
		name     string
		suite    vocab.Suite
		ike, esp string
		fails    bool
	}{
		{
			name:  "GCM at both",
			suite: vocab.Suite{IKEEncryption: vocab.AES256GCM, PRF: vocab.SHA384, IKEGroup: 20, ESPEncryption: vocab.AES256GCM, PFSGroup: 20},
			ike:   "aes256gcm16-prfsha384-ecp384", esp: "aes256gcm16-ecp384",
		},
		{
			name:  "CBC names its integrity",
			suite: vocab.Suite{IKEEncryption: vocab.AES256CBC, IKEIntegrity: vocab.SHA256, PRF: vocab.SHA256, IKEGroup: 14, ESPEncryption: vocab.AES128CBC, ESPIntegrity: vocab.SHA1, PFSGroup: 14},
			ike:   "aes256-sha256-prfsha256-modp2048", esp: "aes128-sha1-modp2048",
		},
		{
			name:  "without PFS",
			suite: vocab.Suite{IKEEncryption: vocab.AES128GCM, PRF: vocab.SHA512, IKEGroup: 21, ESPEncryption: vocab.AES128GCM},
			ike:   "aes128gcm16-prfsha512-ecp521", esp: "aes128gcm16",
		},
		{name: "a group that nobody names", suite: vocab.Suite{IKEEncryption: vocab.AES128GCM, PRF: vocab.SHA512, IKEGroup: 99, ESPEncryption: vocab.AES128GCM}, fails: true},
		{name: "nothing", fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ike, esp, err := proposals(tt.suite)
			if ike != tt.ike || esp != tt.esp || (err != nil) != tt.fails {
				t.Errorf("proposals(%v) = %q, %q, %v, want %q, %q", tt.suite, ike, esp, err, tt.ike, tt.esp)
			}
		})
	}
}

func TestFresh(t *testing.T) {
	n := &node{names: map[string]bool{}}
	tests := []struct{ stem, want string }{
		{"m-training", "m-training"},
		{"m-training", "m-training-2"},
		{"w-northamerica-northeast1", "w-northamerica"},
		{"w-northamerica-northeast2", "w-northameric-2"},
		{"Net:A/b", "net-a-b"},
	}
	for _, tt := range tests {
		if got := n.fresh(tt.stem); got != tt.want || len(got) > 15 {
			t.Errorf("fresh(%q) = %q, want %q", tt.stem, got, tt.want)
		}
	}
}

func TestPool(t *testing.T) {
	p := newPool(benchmark, 16, 1)
	if got := p.address().String(); got != "198.19.0.1" {
		t.Errorf("address() = %s, want 198.19.0.1", got)
	}
	p = newPool(benchmark, 16, 1)
	for _, want := range []string{"198.19.0.1 198.19.0.2", "198.19.0.5 198.19.0.6"} {
		x, y := p.pair()
		if got := x.String() + " " + y.String(); got != want {
			t.Errorf("pair() = %s, want %s", got, want)
		}
	}
}
