package ipsec

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/strongswan/govici/vici"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

var update = flag.Bool("update", false, "write the golden files anew")

// planTunnel is a tunnel of a plan: the suite that tieline picks for a pair of
// clouds, with the lifetimes and the liveness check of the cloud of this end.
func planTunnel(t *testing.T, s vocab.Suite, ike, esp, dpd int) nodeconf.Tunnel {
	t.Helper()
	i, e, err := s.Proposals()
	if err != nil {
		t.Fatal(err)
	}
	return nodeconf.Tunnel{
		Device: nodeconf.Device{Name: "tun0", ID: "a--b/0"}, Kind: nodeconf.IPsec,
		Local: netip.MustParseAddr("198.18.0.1"), Remote: netip.MustParseAddr("198.18.0.2"), Initiate: true,
		IPsec: &nodeconf.IPsecConfig{
			LocalID: "198.18.0.1", RemoteID: "198.18.0.2", PSK: "psk", IKE: []string{i}, ESP: []string{e},
			IKELifetime: ike, ESPLifetime: esp, DPD: dpd,
		},
	}
}

func TestConnection(t *testing.T) {
	gcm := vocab.Suite{IKEEncryption: vocab.AES256GCM, PRF: vocab.SHA384, IKEGroup: 20, ESPEncryption: vocab.AES256GCM, PFSGroup: 20}
	gcm521 := vocab.Suite{IKEEncryption: vocab.AES256GCM, PRF: vocab.SHA512, IKEGroup: 21, ESPEncryption: vocab.AES256GCM, PFSGroup: 21}
	cbc := vocab.Suite{
		IKEEncryption: vocab.AES256CBC, IKEIntegrity: vocab.SHA256, PRF: vocab.SHA256, IKEGroup: 14,
		ESPEncryption: vocab.AES256CBC, ESPIntegrity: vocab.SHA256, PFSGroup: 14,
	}
	for _, test := range []struct {
		name     string
		suite    vocab.Suite
		ike, esp int // lifetimes, seconds
		dpd      int
		ifID     uint32
		change   func(*nodeconf.Tunnel)
	}{
		{name: "aws-end-to-gcp", suite: gcm521, ike: 28800, esp: 3600, dpd: 30},
		{name: "gcp-end-to-aws", suite: gcm521, ike: 36000, esp: 10800, dpd: 60, change: func(t *nodeconf.Tunnel) { t.Initiate = false }},
		{name: "aws-end-to-azure", suite: gcm, ike: 28800, esp: 3600, dpd: 30},
		{name: "azure-end-to-aws", suite: gcm, ike: 28800, esp: 27000, dpd: 45, change: func(t *nodeconf.Tunnel) { t.Initiate = false }},
		{name: "gcp-end-to-azure", suite: gcm, ike: 36000, esp: 10800, dpd: 60},
		{name: "onprem-cbc", suite: cbc, ike: 28800, esp: 3600, dpd: 10, change: func(t *nodeconf.Tunnel) {
			t.IPsec.ForceEncapsulation = true
			t.IPsec.LocalID = "gateway.example.com"
		}},
		{name: "kernel", suite: gcm, ike: 28800, esp: 3600, dpd: 30, ifID: 7},
		{name: "shortest-lifetimes", suite: gcm, ike: 3, esp: 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			tun := planTunnel(t, test.suite, test.ike, test.esp, test.dpd)
			if test.change != nil {
				test.change(&tun)
			}
			c, err := connectionOf(&tun, test.ifID)
			if err != nil {
				t.Fatal(err)
			}
			m, err := c.message(tun.Name)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, test.name, show(m, ""))
		})
	}
}

// show prints a message as swanctl.conf would have it.
func show(m *vici.Message, indent string) string {
	var b strings.Builder
	for _, k := range m.Keys() {
		switch v := m.Get(k).(type) {
		case *vici.Message:
			fmt.Fprintf(&b, "%s%s {\n%s%s}\n", indent, k, show(v, indent+"  "), indent)
		case []string:
			fmt.Fprintf(&b, "%s%s = %s\n", indent, k, strings.Join(v, ", "))
		default:
			fmt.Fprintf(&b, "%s%s = %v\n", indent, k, v)
		}
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".conf")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestSettings(t *testing.T) {
	for _, mode := range []Mode{Kernel, Userspace} {
		golden(t, "settings-"+string(mode), settings(mode, "/run/tieline/vici"))
	}
}

func TestConnectionMistakes(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*nodeconf.Tunnel)
		want   string
	}{
		{"nothing", func(t *nodeconf.Tunnel) { t.IPsec = nil }, "it has no IPsec settings"},
		{"no addresses", func(t *nodeconf.Tunnel) { t.Local = netip.Addr{} }, "it needs a local and a remote address"},
		{"no identity", func(t *nodeconf.Tunnel) { t.IPsec.RemoteID = "" }, "it needs the identities of both ends"},
		{"no key", func(t *nodeconf.Tunnel) { t.IPsec.PSK = "" }, "it names no pre-shared key"},
		{"no proposals", func(t *nodeconf.Tunnel) { t.IPsec.ESP = nil }, "it has no proposals"},
		{"short lifetime", func(t *nodeconf.Tunnel) { t.IPsec.ESPLifetime = 2 }, "ESP lifetime 2 s is under 3 s"},
		{"long name", func(t *nodeconf.Tunnel) { t.Name = "aws-oregon--gcp-oregon" }, "1 to 15 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tun := planTunnel(t, vocab.Suite{IKEEncryption: vocab.AES256GCM, PRF: vocab.SHA384, IKEGroup: 20, ESPEncryption: vocab.AES256GCM, PFSGroup: 20}, 28800, 3600, 10)
			test.change(&tun)
			if _, err := connectionOf(&tun, 0); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("connectionOf(%+v) = %v, want %q", tun, err, test.want)
			}
		})
	}
}

// An SA is rekeyed before its end, at whatever lifetime, and the initiator
// goes first.
func TestRekeyTimes(t *testing.T) {
	for life := minLifetime; life <= 90000; life++ {
		lead, follow := rekeyTimes(life, true), rekeyTimes(life, false)
		for _, r := range []rekeying{lead, follow} {
			if r.random < 0 || r.rekey-r.random < 1 || r.rekey >= life || r.random > life/10+1 {
				t.Fatalf("rekeyTimes(%d) = %+v", life, r)
			}
		}
		if lead.rekey > follow.rekey || lead.rekey > follow.rekey-follow.random {
			t.Fatalf("rekeyTimes(%d): the initiator's %+v is not before the other's %+v", life, lead, follow)
		}
	}
}
