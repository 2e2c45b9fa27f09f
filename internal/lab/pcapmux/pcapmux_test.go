package pcapmux

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// file makes a pcapng file with a packet for each word on each device.
func file(t testing.TB, words []string, devices ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	about := func(name string) pcapgo.NgInterface {
		return pcapgo.NgInterface{Name: name, LinkType: layers.LinkTypeRaw, TimestampResolution: 9}
	}
	w, err := pcapgo.NewNgWriterInterface(&b, about(devices[0]), pcapgo.DefaultNgWriterOptions)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices[1:] {
		if _, err := w.AddInterface(about(d)); err != nil {
			t.Fatal(err)
		}
	}
	for i, word := range words {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(int64(i), 5), CaptureLength: len(word), Length: len(word), InterfaceIndex: i % len(devices)}
		if err := w.WritePacket(info, []byte(word)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read gives "device: word" of every packet.
func read(t testing.TB, b []byte) []string {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for {
		data, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		about, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		if about.LinkType != layers.LinkTypeIPv4 {
			t.Errorf("link type of %s = %v, want IPv4", about.Name, about.LinkType)
		}
		out = append(out, about.Name+": "+string(data))
	}
}

func TestTwoFilesBecomeOne(t *testing.T) {
	one, two := file(t, []string{"a1", "a2", "a3"}, "tun0", "tun1"), file(t, []string{"b1", "b2"}, "wan0")
	// Pieces of every size, taken in turns, cut wherever they are.
	for _, size := range []int{1, 3, 7, 64, 1000} {
		var b bytes.Buffer
		m := New(&b)
		streams, rest := []*Stream{m.Stream("x "), m.Stream("y ")}, [][]byte{one, two}
		for len(rest[0])+len(rest[1]) > 0 {
			for i := range streams {
				n := min(size, len(rest[i]))
				if _, err := streams[i].Write(rest[i][:n]); err != nil {
					t.Fatal(err)
				}
				rest[i] = rest[i][n:]
			}
		}
		got := map[string][]string{}
		for _, p := range read(t, b.Bytes()) {
			got[p[:1]] = append(got[p[:1]], p)
		}
		want := map[string][]string{"x": {"x tun0: a1", "x tun1: a2", "x tun0: a3"}, "y": {"y wan0: b1", "y wan0: b2"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pieces of %d bytes (-want +got):\n%s", size, diff)
		}
	}
}

func TestABrokenEndIsLeftOut(t *testing.T) {
	whole := file(t, []string{"first", "second"}, "tun0")
	var b bytes.Buffer
	s := New(&b).Stream("")
	if _, err := s.Write(whole[:len(whole)-3]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"tun0: first"}, read(t, b.Bytes())); diff != "" {
		t.Errorf("packets (-want +got):\n%s", diff)
	}
}

func TestOtherFormsAreRefused(t *testing.T) {
	good := file(t, []string{"a"}, "tun0")
	tests := []struct {
		name string
		b    []byte
	}{
		{"a length that is none", append([]byte{6, 0, 0, 0, 5, 0, 0, 0}, good...)},
		{"a length beyond all bounds", append([]byte{6, 0, 0, 0, 0, 0, 0, 0xf0}, good...)},
		{"big-endian", []byte{0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0x1c}},
		{"a packet before its interface", good[binary.LittleEndian.Uint32(good[4:])+binary.LittleEndian.Uint32(good[binary.LittleEndian.Uint32(good[4:])+4:]):]},
	}
	for _, tc := range tests {
		if _, err := New(io.Discard).Stream("").Write(tc.b); !errors.Is(err, errForm) {
			t.Errorf("%s: Write = %v, want %v", tc.name, err, errForm)
		}
	}
}

// FuzzStream: whatever comes, what is passed on can be read as far as its
// blocks go, and nothing panics.
func FuzzStream(f *testing.F) {
	f.Add(file(f, []string{"a", "bb"}, "tun0", "tun1"), "x ")
	f.Add([]byte{1, 0, 0, 0, 12, 0, 0, 0, 12, 0, 0, 0}, "")
	f.Fuzz(func(t *testing.T, b []byte, prefix string) {
		if len(prefix) > 100 {
			return
		}
		var out bytes.Buffer
		_, _ = New(&out).Stream(prefix).Write(b) // what it refuses ends it
		for rest := out.Bytes(); len(rest) > 0; {
			if len(rest) < leastBlock {
				t.Fatalf("%d bytes are left over", len(rest))
			}
			n := binary.LittleEndian.Uint32(rest[4:])
			if uint64(n) > uint64(len(rest)) || n < leastBlock || binary.LittleEndian.Uint32(rest[n-4:]) != n {
				t.Fatalf("a block says that it has %d bytes, of %d left", n, len(rest))
			}
			rest = rest[n:]
		}
	})
}
