package ipsec

import (
	"errors"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/strongswan/govici/vici"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// Every suite that a plan can have comes back as it was proposed.
func TestProposalRoundTrip(t *testing.T) {
	encryption := map[vocab.Encryption][2]string{
		vocab.AES128CBC: {"AES_CBC", "128"}, vocab.AES256CBC: {"AES_CBC", "256"},
		vocab.AES128GCM: {"AES_GCM_16", "128"}, vocab.AES256GCM: {"AES_GCM_16", "256"},
	}
	integrity := map[vocab.Hash]string{vocab.NoHash: "", vocab.SHA1: "HMAC_SHA1_96", vocab.SHA256: "HMAC_SHA2_256_128", vocab.SHA384: "HMAC_SHA2_384_192", vocab.SHA512: "HMAC_SHA2_512_256"}
	prf := map[vocab.Hash]string{vocab.SHA1: "PRF_HMAC_SHA1", vocab.SHA256: "PRF_HMAC_SHA2_256", vocab.SHA384: "PRF_HMAC_SHA2_384", vocab.SHA512: "PRF_HMAC_SHA2_512"}
	group := map[vocab.DHGroup]string{
		14: "MODP_2048", 15: "MODP_3072", 16: "MODP_4096", 17: "MODP_6144", 18: "MODP_8192", 19: "ECP_256", 20: "ECP_384", 21: "ECP_521",
		22: "MODP_1024_160", 23: "MODP_2048_224", 24: "MODP_2048_256", 31: "CURVE_25519", 2: "MODP_1024", 5: "MODP_1536",
	}
	n := 0
	for e, en := range encryption {
		for h, hn := range integrity {
			if e.IsAEAD() != (h == vocab.NoHash) {
				continue
			}
			for p, pn := range prf {
				for g, gn := range group {
					s := vocab.Suite{IKEEncryption: e, IKEIntegrity: h, PRF: p, IKEGroup: g, ESPEncryption: e, ESPIntegrity: h, PFSGroup: g}
					ike, esp, err := s.Proposals()
					if err != nil {
						t.Fatal(err)
					}
					n++
					gotIKE := algorithms{encryption: en[0], keySize: en[1], integrity: hn, prf: pn, group: gn}
					if got := gotIKE.proposal(); got != ike || !planned(gotIKE, []string{ike}, false) {
						t.Errorf("%+v.proposal() = %q, want %q", gotIKE, got, ike)
					}
					gotESP := algorithms{encryption: en[0], keySize: en[1], integrity: hn, group: gn}
					if got := gotESP.proposal(); got != esp || !planned(gotESP, []string{esp}, true) {
						t.Errorf("%+v.proposal() = %q, want %q", gotESP, got, esp)
					}
					gotESP.group = "" // the first CHILD_SA
					if !planned(gotESP, []string{esp}, true) {
						t.Errorf("planned(%+v, %q) = false", gotESP, esp)
					}
				}
			}
		}
	}
	if n == 0 {
		t.Error("no suite was tried")
	}
}

func TestPlannedRefuses(t *testing.T) {
	got := algorithms{encryption: "AES_GCM_16", keySize: "128", prf: "PRF_HMAC_SHA2_384", group: "ECP_384"}
	for _, plan := range []string{"aes256gcm16-prfsha384-ecp384", "aes128gcm16-prfsha256-ecp384", "aes128gcm16-prfsha384-ecp256", "aes128-sha256-prfsha384-ecp384"} {
		if planned(got, []string{plan}, false) {
			t.Errorf("planned(%+v, %q) = true", got, plan)
		}
	}
	if planned(algorithms{encryption: "AES_GCM_16", keySize: "128"}, []string{"aes256gcm16-ecp384"}, true) {
		t.Error("a child with another key length is of the plan")
	}
}

func TestParseSAs(t *testing.T) {
	in := message(t, map[string]any{
		"tun0": message(t, map[string]any{
			"uniqueid": "3", "state": "ESTABLISHED", "initiator": "yes", "established": "17", "encr-alg": "AES_GCM_16", "encr-keysize": "256",
			"prf-alg": "PRF_HMAC_SHA2_384", "dh-group": "ECP_384",
			"child-sas": message(t, map[string]any{
				"tun0-4": message(t, map[string]any{"uniqueid": "4", "state": "INSTALLED", "encr-alg": "AES_GCM_16", "encr-keysize": "256", "bytes-in": "84", "bytes-out": "168"}),
			}),
		}),
	})
	want := []ikeSA{{
		conn: "tun0", id: "3", state: "ESTABLISHED", initiator: true, established: 17,
		algorithms: algorithms{encryption: "AES_GCM_16", keySize: "256", prf: "PRF_HMAC_SHA2_384", group: "ECP_384"},
		children:   []childSA{{id: "4", state: "INSTALLED", in: 84, out: 168, algorithms: algorithms{encryption: "AES_GCM_16", keySize: "256"}}},
	}}
	got := parseSAs(in)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ikeSA{}, childSA{}, algorithms{})); diff != "" {
		t.Errorf("parseSAs (-want +got):\n%s", diff)
	}
}

func message(t *testing.T, fields map[string]any) *vici.Message {
	t.Helper()
	m := vici.NewMessage()
	for k, v := range fields {
		if err := m.Set(k, v); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// Bytes of SAs that were replaced stay counted, once each.
func TestCounters(t *testing.T) {
	tun := newTestTunnel()
	sa := func(id string, in, out uint64) []ikeSA {
		return []ikeSA{{conn: "tun0", state: "ESTABLISHED", children: []childSA{{id: id, state: "INSTALLED", in: in, out: out}}}}
	}
	now := time.Unix(0, 0)
	tun.observe(sa("1", 10, 20), now)
	tun.observe(sa("1", 15, 25), now)
	tun.counted(childSA{id: "1", in: 18, out: 28}) // what the rekey's event says last
	tun.observe(sa("2", 1, 2), now)
	if s := tun.state(Userspace); s.Received != 19 || s.Sent != 30 {
		t.Errorf("received %d, sent %d; want 19 and 30", s.Received, s.Sent)
	}
	tun.lost("charon ended")
	if s := tun.state(Userspace); s.Received != 19 || s.Sent != 30 || s.Up || s.Why != "charon ended" {
		t.Errorf("after charon's end: %+v", s)
	}
}

func newTestTunnel() *tunnel {
	return &tunnel{
		bytes: map[string]counts{},
		wanted: wanted{Tunnel: nodeconf.Tunnel{
			Device: nodeconf.Device{Name: "tun0"}, Initiate: true,
			Local: netip.MustParseAddr("198.18.0.2"), Remote: netip.MustParseAddr("198.18.0.1"),
			IPsec: &nodeconf.IPsecConfig{},
		}},
	}
}

// One look between two SAs is no outage; two are.
func TestOneMissedLook(t *testing.T) {
	tun := newTestTunnel()
	up := []ikeSA{{state: "ESTABLISHED", children: []childSA{{id: "1", state: "INSTALLED"}}}}
	now := time.Unix(0, 0)
	if !tun.observe(up, now) || !tun.up {
		t.Fatal("not up")
	}
	if tun.observe(nil, now) || !tun.up || tun.wantsDial(nil, now) {
		t.Error("down, or dialed, after one look")
	}
	if tun.observe(up, now) || !tun.up {
		t.Error("not up still")
	}
	tun.observe(nil, now)
	if !tun.observe(nil, now) || tun.up || !tun.wantsDial(nil, now) {
		t.Error("not down, or not dialed, after two looks")
	}
}

func TestTwin(t *testing.T) {
	child := []childSA{{state: "INSTALLED"}}
	own := ikeSA{id: "1", state: "ESTABLISHED", initiator: true, established: 3, children: child}
	other := ikeSA{id: "2", state: "ESTABLISHED", established: 4, children: child}
	old := other
	old.established = 100
	empty := other
	empty.children = nil
	for _, test := range []struct {
		name   string
		sas    []ikeSA
		change func(*tunnel)
		want   string
	}{
		{name: "both dialed", sas: []ikeSA{own, other}, want: "1"},
		{name: "one", sas: []ikeSA{own}},
		{name: "the lower address keeps its own", sas: []ikeSA{own, other}, change: func(t *tunnel) { t.Local, t.Remote = t.Remote, t.Local }},
		{name: "the other is one that the peer lost", sas: []ikeSA{own, old}},
		{name: "the other carries nothing yet", sas: []ikeSA{own, empty}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tun := newTestTunnel()
			if test.change != nil {
				test.change(tun)
			}
			if got := tun.twin(test.sas); got != test.want {
				t.Errorf("twin = %q, want %q", got, test.want)
			}
		})
	}
}

func TestLogLine(t *testing.T) {
	for _, test := range []struct{ line, conn, text string }{
		{"08[IKE] <tun0|1> received AUTHENTICATION_FAILED notify error", "tun0", "received AUTHENTICATION_FAILED notify error"},
		{"08[CFG] <1> received proposals unacceptable", "", "received proposals unacceptable"},
		{"00[DMN] Starting charon-systemd", "", "Starting charon-systemd"},
		{"no log line", "", "no log line"},
	} {
		if conn, text := logLine(test.line); conn != test.conn || text != test.text {
			t.Errorf("logLine(%q) = %q, %q; want %q, %q", test.line, conn, text, test.conn, test.text)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := find()
	if !errors.Is(err, ErrMissing) {
		t.Fatalf("find() = %v, want %v", err, ErrMissing)
	}
	for _, pkg := range []string{"charon-systemd", "libcharon-extra-plugins", "strongswan-swanctl", "libstrongswan-extra-plugins"} {
		if !strings.Contains(err.Error(), pkg) {
			t.Errorf("%v does not name the package %s", err, pkg)
		}
	}
	if _, err := exec.LookPath(program); err == nil {
		t.Error("PATH was not emptied")
	}
}

func FuzzLog(f *testing.F) {
	f.Add("08[IKE] <tun0|1> received NO_PROPOSAL_CHOSEN notify error\n12[IKE] <x")
	f.Add("08[CFG] <1> traffic selectors 10.0.0.0/8 === 0.0.0.0/0 unacceptable\n")
	tun := newTestTunnel()
	f.Fuzz(func(t *testing.T, s string) {
		var lines []string
		tl := &tail{onLine: func(line string) {
			conn, text := logLine(line)
			if !strings.Contains(line, conn) || !strings.HasSuffix(line, text) {
				t.Errorf("logLine(%q) = %q, %q", line, conn, text)
			}
			reason(&tun.Tunnel, text)
			lines = append(lines, line)
		}}
		for _, b := range []byte(s) {
			if n, err := tl.Write([]byte{b}); n != 1 || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
		if want := strings.Count(s, "\n"); len(lines) != want {
			t.Errorf("%d lines of %q, want %d", len(lines), s, want)
		}
	})
}
