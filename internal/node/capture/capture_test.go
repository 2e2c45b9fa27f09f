package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/vishvananda/netlink"

	"github.com/tieline/tieline/internal/testkit/netlab"
	"github.com/tieline/tieline/internal/vocab"
)

const patience = 20 * time.Second

// file is what is captured, while it is.
type file struct {
	mu    sync.Mutex
	bytes []byte
}

func (f *file) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bytes = append(f.bytes, b...)
	return len(b), nil
}

// seen is a packet of the file.
type seen struct {
	device string
	info   gopacket.CaptureInfo
	packet gopacket.Packet
}

// packets reads what is in the file so far, and the counts at its end.
func (f *file) packets(t *testing.T) ([]seen, []pcapgo.NgInterface) {
	t.Helper()
	f.mu.Lock()
	b := bytes.Clone(f.bytes)
	f.mu.Unlock()
	if len(b) == 0 {
		return nil, nil
	}
	r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	var list []seen
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		about, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, seen{about.Name, info, gopacket.NewPacket(data, about.LinkType, gopacket.Default)})
	}
	var devices []pcapgo.NgInterface
	for i := range r.NInterfaces() {
		about, err := r.Interface(i)
		if err != nil {
			t.Fatal(err)
		}
		devices = append(devices, about)
	}
	return list, devices
}

func (s *seen) is(kind gopacket.LayerType) bool { return s.packet.Layer(kind) != nil }

// start captures in a namespace until stop, which gives its error.
func start(t *testing.T, ns *netlab.NS, devices []string, snaplen int, matches ...Match) (f *file, stop func() error) {
	t.Helper()
	f = &file{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- ns.Do(func() error { return Capture(ctx, devices, snaplen, f, matches...) })
	}()
	t.Cleanup(cancel)
	until(t, "the capture begins", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return len(f.bytes) > 0 })
	return f, func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			t.Fatal("the capture does not end with its context")
			return nil
		}
	}
}

// until looks for something to hold, for a while.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("not in %v: %s", patience, what)
		}
	}
}

func count(list []seen, device string, kind gopacket.LayerType) int {
	n := 0
	for i := range list {
		if list[i].device == device && list[i].is(kind) {
			n++
		}
	}
	return n
}

// twoDevices is two namespaces with a veth pair, and a TUN device in the first.
func twoDevices(t *testing.T) (a *netlab.NS, tun *os.File) {
	l := netlab.New(t)
	a, b := l.Namespace("a"), l.Namespace("b")
	l.Veth(a, "eth0", b, "eth0")
	a.Address("eth0", netip.MustParsePrefix("192.0.2.1/30"))
	b.Address("eth0", netip.MustParsePrefix("192.0.2.2/30"))
	err := a.Do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "tun0"
		link := &netlink.Tuntap{LinkAttrs: attrs, Mode: netlink.TUNTAP_MODE_TUN, Flags: netlink.TUNTAP_DEFAULTS | netlink.TUNTAP_NO_PI, NonPersist: true, Queues: 1}
		if err := netlink.LinkAdd(link); err != nil {
			return err
		}
		tun = link.Fds[0]
		return netlink.LinkSetUp(link)
	})
	if err != nil {
		netlab.Unavailable(t, "no TUN device can be made here: %v", err)
	}
	t.Cleanup(func() { _ = tun.Close() })
	return a, tun
}

// datagram is a UDP packet as a tunnel hands it over.
func datagram(t *testing.T, from, to string, port uint16, size int) []byte {
	t.Helper()
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: netip.MustParseAddr(from).AsSlice(), DstIP: netip.MustParseAddr(to).AsSlice()}
	udp := &layers.UDP{SrcPort: 1000, DstPort: layers.UDPPort(port)}
	_ = udp.SetNetworkLayerForChecksum(ip)
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, udp, gopacket.Payload(make([]byte, size))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCapture(t *testing.T) {
	a, tun := twoDevices(t)
	before := time.Now()
	f, stop := start(t, a, []string{"eth0", "tun0"}, 0)
	a.Run("ping", "-c", "3", "-i", "0.01", "-W", "5", "192.0.2.2")
	if _, err := tun.Write(datagram(t, "203.0.113.1", "203.0.113.2", 7, 500)); err != nil {
		t.Fatal(err)
	}
	until(t, "six ICMP packets and one of the tunnel", func() bool {
		list, _ := f.packets(t)
		return count(list, "eth0", layers.LayerTypeICMPv4) >= 6 && count(list, "tun0", layers.LayerTypeUDP) >= 1
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	list, devices := f.packets(t)
	if n := count(list, "eth0", layers.LayerTypeICMPv4); n != 6 {
		t.Errorf("captured %d ICMP packets on eth0, want 6", n)
	}
	if len(devices) != 2 || devices[0].LinkType != layers.LinkTypeEthernet || devices[1].LinkType != layers.LinkTypeRaw {
		t.Fatalf("interfaces = %+v, want eth0 with Ethernet and tun0 with IP", devices)
	}
	for i, d := range devices {
		n := 0
		for k := range list {
			if list[k].info.InterfaceIndex == i {
				n++
			}
		}
		if d.Statistics.PacketsReceived != uint64(n) || d.Statistics.PacketsDropped != 0 {
			t.Errorf("counts of %s = %+v, want %d received and none lost", d.Name, d.Statistics, n)
		}
	}
	for _, s := range list {
		if s.info.Timestamp.Before(before) || s.info.Timestamp.After(time.Now()) {
			t.Errorf("a packet is of %v, before or after the capture", s.info.Timestamp)
		}
		if s.device == "tun0" && s.is(layers.LayerTypeUDP) && (s.info.Length != 528 || s.info.CaptureLength != 528) {
			t.Errorf("the tunnel's packet is %d of %d bytes, want 528 of 528", s.info.CaptureLength, s.info.Length)
		}
	}
}

// TestTcpdump reads files of one kind of device, which is all that tcpdump
// takes.
func TestTcpdump(t *testing.T) {
	tcpdump := netlab.Need(t, "tcpdump")
	a, tun := twoDevices(t)
	for device, want := range map[string]string{"eth0": "ICMP echo request", "tun0": "203.0.113.1.1000 > 203.0.113.2.7: UDP, length 500"} {
		f, stop := start(t, a, []string{device}, 0)
		a.Run("ping", "-c", "1", "-w", "10", "192.0.2.2")
		if _, err := tun.Write(datagram(t, "203.0.113.1", "203.0.113.2", 7, 500)); err != nil {
			t.Fatal(err)
		}
		until(t, "packets on "+device, func() bool {
			list, _ := f.packets(t)
			return count(list, device, layers.LayerTypeICMPv4)+count(list, device, layers.LayerTypeUDP) > 0
		})
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x.pcapng")
		if err := os.WriteFile(path, f.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		if out := a.Run(tcpdump, "-n", "-r", path); strings.Count(out, want) != 1 {
			t.Errorf("tcpdump reads %s\nwant one %s", out, want)
		}
	}
}

func TestSnaplenAndMatches(t *testing.T) {
	a, tun := twoDevices(t)
	f, stop := start(t, a, []string{"tun0"}, 40,
		Match{Host: netip.MustParsePrefix("203.0.113.0/25"), Proto: vocab.UDP}, Match{Port: 53})
	for _, x := range []struct {
		from string
		port uint16
	}{{"203.0.113.1", 7}, {"203.0.113.200", 53}, {"203.0.113.1", 53}, {"203.0.113.1", 54}, {"203.0.113.2", 53}} {
		if _, err := tun.Write(datagram(t, x.from, "203.0.113.129", x.port, 100)); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "two packets", func() bool { list, _ := f.packets(t); return len(list) >= 2 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	list, _ := f.packets(t)
	if len(list) != 2 {
		t.Fatalf("captured %d packets, want 2", len(list))
	}
	for i, want := range []string{"203.0.113.1", "203.0.113.2"} {
		s := list[i]
		if s.info.CaptureLength != 40 || s.info.Length != 128 {
			t.Errorf("packet %d is %d of %d bytes, want 40 of 128", i, s.info.CaptureLength, s.info.Length)
		}
		if got := s.packet.NetworkLayer().NetworkFlow().Src().String(); got != want {
			t.Errorf("packet %d is from %s, want %s", i, got, want)
		}
	}
}

func TestDeviceGoesDown(t *testing.T) {
	a, _ := twoDevices(t)
	f, stop := start(t, a, []string{"eth0"}, 0)
	a.Run("ip", "link", "set", "eth0", "down")
	a.Run("ip", "link", "set", "eth0", "up")
	a.Run("ping", "-c", "1", "-w", "10", "192.0.2.2")
	until(t, "an echo after the device was down", func() bool {
		list, _ := f.packets(t)
		return count(list, "eth0", layers.LayerTypeICMPv4) >= 2
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// full is a disk that has no room after so many bytes.
type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func TestErrors(t *testing.T) {
	a, tun := twoDevices(t)
	for _, tt := range []struct {
		name    string
		devices []string
		snaplen int
		w       io.Writer
		want    string
	}{
		{"no device", nil, 0, io.Discard, "no device"},
		{"one that is not there", []string{"tun0", "eth9"}, 0, io.Discard, "eth9"},
		{"a negative length", []string{"tun0"}, -1, io.Discard, "-1 bytes"},
		{"no room for the head", []string{"tun0"}, 0, &full{10}, "short write"},
		{"no room for packets", []string{"tun0"}, 0, &full{200}, "short write"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			go func() { // something to capture, until it fails
				for ctx.Err() == nil {
					_, _ = tun.Write(datagram(t, "203.0.113.1", "203.0.113.2", 7, 500))
				}
			}()
			err := a.Do(func() error { return Capture(ctx, tt.devices, tt.snaplen, tt.w) })
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Capture(%v, %d) = %v, want %q", tt.devices, tt.snaplen, err, tt.want)
			}
		})
	}
}

func FuzzMatch(f *testing.F) {
	udp := make([]byte, 28)
	udp[0], udp[9] = 0x45, 17
	binary.BigEndian.PutUint16(udp[22:], 53)
	f.Add(udp, uint16(53))
	f.Add([]byte{0x60}, uint16(1))
	f.Add([]byte{0x4f, 0, 0}, uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, port uint16) {
		m := Match{Host: netip.MustParsePrefix("0.0.0.0/0"), Port: port}
		if m.matches(b) && b[0]>>4 != 4 {
			t.Errorf("%+v matches %x, which is not IPv4", m, b)
		}
		network(layers.LinkTypeEthernet, b)
	})
}
