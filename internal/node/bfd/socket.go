package bfd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// What RFC 5881 sections 4 and 5 say of the encapsulation.
const (
	port        = 3784
	firstSource = 49152
	lastSource  = 65535
	ttl         = 255
)

// datagram is what came in, with what its headers said.
type datagram struct {
	from   netip.Addr
	to     netip.Addr
	device int // index
	ttl    int
	data   []byte // good until the next one
}

// receiver is the socket on which all sessions are heard.
type receiver struct {
	conn *net.UDPConn
	raw  syscall.RawConn
	data [512]byte
	oob  [256]byte
}

func listen() (*receiver, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error {
			return errors.Join(
				unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVTTL, 1),
				unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1),
			)
		})
	}}
	pc, err := config.ListenPacket(context.Background(), "udp4", fmt.Sprintf("0.0.0.0:%d", port))
	if err != nil {
		return nil, err
	}
	conn := pc.(*net.UDPConn)
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &receiver{conn: conn, raw: raw}, nil
}

// drain gives all datagrams that are there, without waiting.
func (r *receiver) drain(take func(datagram)) error {
	var failed error
	err := r.raw.Control(func(fd uintptr) {
		for {
			d, ok, err := r.receive(int(fd))
			if err != nil || !ok {
				failed = err
				return
			}
			take(d)
		}
	})
	return errors.Join(err, failed)
}

// wait returns when a datagram is there, or at the read deadline.
func (r *receiver) wait() error {
	err := r.raw.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 0)
		return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
	})
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	return err
}

// receive reads one datagram; ok is false when there is none.
func (r *receiver) receive(fd int) (d datagram, ok bool, err error) {
	for {
		n, oobn, _, from, err := unix.Recvmsg(fd, r.data[:], r.oob[:], unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return datagram{}, false, nil
		case err != nil:
			return datagram{}, false, err
		}
		sender, is4 := from.(*unix.SockaddrInet4)
		if !is4 {
			continue
		}
		d = datagram{from: netip.AddrFrom4(sender.Addr), data: r.data[:n]}
		messages, err := unix.ParseSocketControlMessage(r.oob[:oobn])
		if err != nil {
			continue
		}
		for i := range messages {
			m := &messages[i]
			switch {
			case m.Header.Level != unix.IPPROTO_IP:
			case m.Header.Type == unix.IP_TTL && len(m.Data) >= 4:
				d.ttl = int(native(m.Data))
			case m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
				d.device = int(native(m.Data)) // ifindex, spec_dst, addr
				d.to = netip.AddrFrom4([4]byte(m.Data[8:12]))
			}
		}
		return d, true, nil
	}
}

// sender is the socket of one session: its source port is the session's own
// and it is bound to the session's device (RFC 5881 section 4).
func newSender(device string, local netip.Addr) (*net.UDPConn, int, error) {
	index := 0
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error {
			err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TTL, ttl)
			// Class selector 6: it is not to be lost before the traffic it
			// watches over.
			err = errors.Join(err, unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, 0xc0))
			if device != "" {
				err = errors.Join(err, unix.BindToDevice(fd, device))
			}
			return err
		})
	}}
	if device != "" {
		i, err := net.InterfaceByName(device)
		if err != nil {
			return nil, 0, fmt.Errorf("device %s: %w", device, err)
		}
		index = i.Index
	}
	const ports = lastSource - firstSource + 1
	first := rand.IntN(ports)
	for i := range ports {
		source := firstSource + (first+i)%ports
		pc, err := config.ListenPacket(context.Background(), "udp4", netip.AddrPortFrom(local, uint16(source)).String())
		if errors.Is(err, unix.EADDRINUSE) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		return pc.(*net.UDPConn), index, nil
	}
	return nil, 0, errors.New("no source port is free")
}

func control(c syscall.RawConn, f func(fd int) error) error {
	var inner error
	if err := c.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}
