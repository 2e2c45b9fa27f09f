package firewall

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/vocab"
)

// Denied is a packet that a rule dropped.
type Denied struct {
	Rule
	At     time.Time // when it was heard of
	Packet Packet
	Header []byte // the first bytes of the packet, from the IPv4 header on
}

// Messages and attributes of nfnetlink_log (linux/netfilter/nfnetlink_log.h).
const (
	logPacket = unix.NFNL_SUBSYS_ULOG << 8 // and 0
	logConfig = unix.NFNL_SUBSYS_ULOG<<8 | 1

	configCommand   = 1 // attribute; one byte
	configMode      = 2 // how much of each packet, and what of it
	configTimeout   = 4 // hundredths of a second until notes are handed over
	configThreshold = 5 // notes until then
	commandBind     = 1
	modePacket      = 2

	packetPayload = 9
	packetPrefix  = 10
)

// Denied gives the packets that rules dropped from now on, at most some ten a
// second of each rule: a listener sees which rules deny, [Firewall.Counts] how
// often. The channel closes when ctx ends, or the kernel fails. One listener
// at a time is possible in a namespace; others are refused.
func (f *Firewall) Denied(ctx context.Context) (<-chan Denied, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{NetNS: f.ns})
	if err != nil {
		return nil, fmt.Errorf("packet log: %w", err)
	}
	if err := bind(conn); err != nil {
		_ = conn.Close()
		if errors.Is(err, unix.EPERM) {
			return nil, fmt.Errorf("packet log: another listener has it, or this process may not: %w", err)
		}
		return nil, fmt.Errorf("packet log: %w", err)
	}
	out := make(chan Denied)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends Receive
	go func() {
		defer close(out)
		defer func() {
			if stop() {
				_ = conn.Close()
			}
		}()
		f.listen(ctx, conn, out)
	}()
	return out, nil
}

// bind asks for the notes of the group, each as it comes.
func bind(conn *netlink.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(kernelTimeout)); err != nil {
		return err
	}
	for _, a := range []netlink.Attribute{
		{Type: configCommand, Data: []byte{commandBind}},
		{Type: configMode, Data: append(binary.BigEndian.AppendUint32(nil, noteBytes), modePacket, 0)},
		{Type: configTimeout, Data: binary.BigEndian.AppendUint32(nil, 1)},
		{Type: configThreshold, Data: binary.BigEndian.AppendUint32(nil, 1)},
	} {
		data, err := netlink.MarshalAttributes([]netlink.Attribute{a})
		if err != nil {
			return err
		}
		head := binary.BigEndian.AppendUint16([]byte{unix.AF_UNSPEC, unix.NFNETLINK_V0}, noteGroup)
		_, err = conn.Execute(netlink.Message{
			Header: netlink.Header{Type: logConfig, Flags: netlink.Request | netlink.Acknowledge},
			Data:   append(head, data...),
		})
		if err != nil {
			return err
		}
	}
	return conn.SetDeadline(time.Time{})
}

func (f *Firewall) listen(ctx context.Context, conn *netlink.Conn, out chan<- Denied) {
	for {
		messages, err := conn.Receive()
		if errors.Is(err, unix.ENOBUFS) {
			continue // notes were lost, counts were not
		}
		if err != nil {
			return
		}
		for _, m := range messages {
			d, ok := f.denied(m)
			if !ok {
				continue
			}
			select {
			case out <- d:
			case <-ctx.Done():
				return
			}
		}
	}
}

// denied reads a note. Those of rules that are no longer set are left out.
func (f *Firewall) denied(m netlink.Message) (Denied, bool) {
	if m.Header.Type != logPacket {
		return Denied{}, false
	}
	prefix, payload, ok := parseNote(m.Data)
	if !ok {
		return Denied{}, false
	}
	f.mu.Lock()
	r, ok := f.index[prefix]
	f.mu.Unlock()
	if !ok {
		return Denied{}, false
	}
	p, ok := parsePacket(payload)
	p.Direction = r.Direction
	return Denied{Rule: r, At: time.Now(), Packet: p, Header: payload}, ok
}

// parseNote reads a note's prefix and the packet's first bytes.
func parseNote(b []byte) (prefix string, payload []byte, ok bool) {
	const head = 4 // struct nfgenmsg
	if len(b) < head {
		return "", nil, false
	}
	attributes, err := netlink.UnmarshalAttributes(b[head:])
	if err != nil {
		return "", nil, false
	}
	for _, a := range attributes {
		switch a.Type {
		case packetPrefix:
			prefix = strings.TrimRight(string(a.Data), "\x00")
		case packetPayload:
			payload = a.Data
		}
	}
	return prefix, payload, prefix != "" && payload != nil
}

// parsePacket reads an IPv4 packet's headers. Ports and ICMP types are zero
// where the packet is a later fragment or too short for them.
func parsePacket(b []byte) (Packet, bool) {
	const least = 20 // RFC 791 section 3.1
	if len(b) < least || b[0]>>4 != 4 {
		return Packet{}, false
	}
	size := int(b[0]&0xf) * 4
	if size < least || size > len(b) {
		return Packet{}, false
	}
	p := Packet{
		Proto:       vocab.Proto(b[9]),
		Source:      netip.AddrFrom4([4]byte(b[offsetSource:])),
		Destination: netip.AddrFrom4([4]byte(b[offsetDestination:])),
	}
	rest := b[size:]
	if fragment := binary.BigEndian.Uint16(b[6:]) & 0x1fff; fragment != 0 || len(rest) < 4 {
		return p, true
	}
	switch {
	case p.Proto.HasPorts():
		p.SourcePort, p.Port = binary.BigEndian.Uint16(rest[offsetSourcePort:]), binary.BigEndian.Uint16(rest[offsetPort:])
	case p.Proto == vocab.ICMP:
		p.ICMPType, p.ICMPCode = rest[offsetICMP], rest[offsetICMP+1]
	}
	return p, true
}
