package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"
)

const (
	most        = 1 << 18 // bytes of a packet; offloads hand over many times the MTU
	kernelBytes = 4 << 20 // that wait in the kernel
)

// source is a packet socket on a device.
type source struct {
	device string
	index  int
	link   layers.LinkType
	file   *os.File
}

// listen opens a socket that sees every packet of a device.
func listen(device string, index int, encapsulation string) (*source, error) {
	link, err := linkType(encapsulation)
	if err != nil {
		return nil, err
	}
	// No protocol until it is bound: it would hear every device.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	every := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL))
	// The buffer is as large as the kernel allows.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, kernelBytes) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, kernelBytes)
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: every, Ifindex: index})
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &source{device: device, index: index, link: link, file: os.NewFile(uintptr(fd), device)}, nil
}

// interrupt ends a read.
func (s *source) interrupt() { _ = s.file.SetReadDeadline(time.Unix(1, 0)) }

// read sends the packets of the device until ctx ends or the device is gone.
func (s *source) read(ctx context.Context, id, snaplen int, matches []Match, out chan<- packet) error {
	stop := context.AfterFunc(ctx, s.interrupt)
	defer stop()
	buf, control := make([]byte, most), make([]byte, unix.CmsgSpace(16))
	for {
		n, at, err := s.receive(buf, control)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, unix.ENETDOWN):
			continue // said once; the socket goes on when the device is up
		case err != nil:
			return err
		}
		whole := n
		data := buf[:min(n, len(buf))]
		if !all(matches, network(s.link, data)) {
			continue
		}
		if snaplen > 0 && len(data) > snaplen {
			data = data[:snaplen]
		}
		p := packet{
			info: gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(data), Length: whole, InterfaceIndex: id},
			data: append([]byte(nil), data...),
		}
		select {
		case out <- p:
		case <-ctx.Done():
			return nil
		}
	}
}

// receive waits for a packet and gives its length, of which buf holds the
// beginning, and when the kernel had it.
func (s *source) receive(buf, control []byte) (n int, at time.Time, err error) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return 0, at, err
	}
	var got int
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, got, _, _, failed = unix.Recvmsg(int(fd), buf, control, unix.MSG_TRUNC)
		return failed != unix.EAGAIN && failed != unix.EINTR
	})
	if err = errors.Join(err, failed); err != nil {
		return 0, at, err
	}
	return n, stamp(control[:got]), nil
}

// stamp is the time that the kernel gave with a packet, or else now.
func stamp(control []byte) time.Time {
	list, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return time.Now()
	}
	for _, m := range list {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
			return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
		}
	}
	return time.Now()
}

// lost is how many packets the kernel dropped because they were not read in
// time.
func (s *source) lost() (uint64, error) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var stats *unix.TpacketStats
	var failed error
	err = raw.Control(func(fd uintptr) {
		stats, failed = unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS)
	})
	if err = errors.Join(err, failed); err != nil {
		return 0, err
	}
	return uint64(stats.Drops), nil
}
