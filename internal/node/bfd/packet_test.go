package bfd

import (
	"bytes"
	"errors"
	"testing"
)

// good is a packet of a session that is up, 100 ms by 3.
var good = Packet{State: Up, Poll: true, Multiplier: 3, My: 7, Your: 9, DesiredTx: 100_000, RequiredRx: 100_000}

func TestParse(t *testing.T) {
	change := func(at int, to byte) []byte {
		b := good.Append(nil)
		b[at] = to
		return b
	}
	none := func(from int) []byte {
		b := good.Append(nil)
		copy(b[from:], []byte{0, 0, 0, 0})
		return b
	}
	tests := []struct {
		name string
		in   []byte
		want error
	}{
		{name: "good", in: good.Append(nil)},
		{name: "good with bytes after it", in: append(good.Append(nil), 1, 2, 3)},
		{name: "short", in: good.Append(nil)[:23], want: ErrShort},
		{name: "empty", want: ErrShort},
		{name: "version 0", in: change(0, 0), want: ErrVersion},
		{name: "length below", in: change(3, 23), want: ErrLength},
		{name: "length beyond the datagram", in: change(3, 25), want: ErrLength},
		{name: "multiplier 0", in: change(2, 0), want: ErrMultiplier},
		{name: "multipoint", in: change(1, 0xc1), want: ErrMultipoint},
		{name: "authentication", in: change(1, 0xc4), want: ErrAuth},
		{name: "poll and final", in: change(1, 0xf0), want: ErrFlags},
		{name: "my discriminator 0", in: none(4), want: ErrDiscriminator},
		{name: "up without your discriminator", in: none(8), want: ErrDiscriminator},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Parse(%x) error = %v, want %v", tt.in, err, tt.want)
			}
			if tt.want == nil && got != good {
				t.Errorf("Parse(%x) = %+v, want %+v", tt.in, got, good)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(good.Append(nil))
	f.Add((&Packet{State: Down, Diag: TimeExpired, Multiplier: 1, My: 1}).Append(nil))
	f.Add([]byte{0x20, 0xc0, 3, 24})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		out := p.Append(nil)
		again, err := Parse(out)
		if err != nil || again != p {
			t.Errorf("Parse(Append(%+v)) = %+v, %v", p, again, err)
		}
		if !bytes.Equal(out[4:], b[4:length]) {
			t.Errorf("Append(Parse(%x)) = %x, want the same fields", b, out)
		}
	})
}
