// Package pcapmux makes one pcapng file of several that are being written at
// the same time, one in each network namespace. It takes and gives
// little-endian pcapng (draft-ietf-opsawg-pcapng): one section, whose
// interfaces are numbered anew in the order in which they come. A block is
// written whole or not at all.
package pcapmux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Types of block, section 4 of the draft.
const (
	sectionHeader        = 0x0A0D0D0A
	interfaceDescription = 1
	interfaceStatistics  = 5
	enhancedPacket       = 6
)

const (
	orderMagic = 0x1A2B3C4D
	headLength = 8  // type and length
	leastBlock = 12 // with the length again at the end
	// largestBlock bounds what is kept of a block that has not come whole.
	largestBlock = 1 << 20
)

// Mux writes one file.
type Mux struct {
	mu         sync.Mutex
	w          io.Writer
	begun      bool
	interfaces uint32
	err        error
}

// New gives a file without content.
func New(w io.Writer) *Mux { return &Mux{w: w} }

// Stream is one of the files that become one.
type Stream struct {
	m      *Mux
	prefix string
	part   []byte   // of a block that has not come whole
	number []uint32 // of its interfaces, in the file that is made
}

// Stream adds a file. The names of its interfaces get a prefix.
func (m *Mux) Stream(prefix string) *Stream { return &Stream{m: m, prefix: prefix} }

// errForm is that a stream is no pcapng as this package takes it.
var errForm = errors.New("not little-endian pcapng")

// Write takes a piece of the file, cut anywhere.
func (s *Stream) Write(b []byte) (int, error) {
	s.part = append(s.part, b...)
	for len(s.part) >= headLength {
		n := binary.LittleEndian.Uint32(s.part[4:])
		if n < leastBlock || n%4 != 0 || n > largestBlock {
			return 0, fmt.Errorf("%w: a block of %d bytes", errForm, n)
		}
		if uint32(len(s.part)) < n {
			break
		}
		if err := s.block(s.part[:n]); err != nil {
			return 0, err
		}
		s.part = s.part[n:]
	}
	return len(b), nil
}

// block passes on one block.
func (s *Stream) block(b []byte) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	body := b[headLength : len(b)-4]
	if binary.LittleEndian.Uint32(b[len(b)-4:]) != uint32(len(b)) {
		return fmt.Errorf("%w: a block with two lengths", errForm)
	}
	switch binary.LittleEndian.Uint32(b) {
	case sectionHeader:
		if len(body) < 4 || binary.LittleEndian.Uint32(body) != orderMagic {
			return fmt.Errorf("%w: it begins otherwise", errForm)
		}
		s.number = nil
		if s.m.begun {
			return nil
		}
		s.m.begun = true
		return s.m.write(b)
	case interfaceDescription:
		s.number = append(s.number, s.m.interfaces)
		s.m.interfaces++
		return s.m.write(s.named(body))
	case interfaceStatistics, enhancedPacket:
		if len(body) < 4 {
			return fmt.Errorf("%w: a block without an interface", errForm)
		}
		i := binary.LittleEndian.Uint32(body)
		if uint64(i) >= uint64(len(s.number)) {
			return fmt.Errorf("%w: a packet of interface %d, of %d", errForm, i, len(s.number))
		}
		b = append([]byte(nil), b...)
		binary.LittleEndian.PutUint32(b[headLength:], s.number[i])
		return s.m.write(b)
	}
	return nil // what else there may be says nothing about packets
}

// write passes on a block, after which nothing is written that fails.
func (m *Mux) write(b []byte) error {
	if m.err == nil {
		_, m.err = m.w.Write(b)
	}
	return m.err
}

// Types of link (tcpdump.org/linktypes.html): IP of either version, IPv4.
const (
	linkTypeRaw  = 101
	linkTypeIPv4 = 228
)

// ifName is the option with the name of an interface, section 4.2.
const ifName = 2

// named gives the description of an interface with the prefix before its name.
// Raw IP becomes IPv4, which is all that a lab has: libpcap up to 1.10 takes
// no file with several interfaces of raw IP, since it compares the number of
// the file with its own of the same type.
func (s *Stream) named(body []byte) []byte {
	const fixed = 8 // link type, reserved, snaplen
	out := make([]byte, headLength, headLength+len(body)+len(s.prefix)+8)
	rest := body[min(fixed, len(body)):]
	out = append(out, body[:len(body)-len(rest)]...)
	if len(body) >= 2 && binary.LittleEndian.Uint16(body) == linkTypeRaw {
		binary.LittleEndian.PutUint16(out[headLength:], linkTypeIPv4)
	}
	for len(rest) >= 4 {
		code, n := binary.LittleEndian.Uint16(rest), int(binary.LittleEndian.Uint16(rest[2:]))
		padded := 4 + (n+3)/4*4
		if padded > len(rest) {
			break
		}
		value := rest[4 : 4+n]
		if code == ifName {
			value = append([]byte(s.prefix), value...)
		}
		out = binary.LittleEndian.AppendUint16(out, code)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(value)))
		out = append(out, value...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
		rest = rest[padded:]
	}
	total := uint32(len(out) + 4)
	binary.LittleEndian.PutUint32(out, interfaceDescription)
	binary.LittleEndian.PutUint32(out[4:], total)
	return binary.LittleEndian.AppendUint32(out, total)
}
