package knock

import (
	"bufio"
	"context"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Dial connects to a TCP address from the namespace that enter runs a function
// in. Only making the socket needs the namespace; waiting needs no thread. The
// deadline of ctx is that of the connection.
func Dial(ctx context.Context, enter func(func() error) error, to netip.AddrPort) (*os.File, error) {
	fd := -1
	err := enter(func() (err error) {
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		return os.NewSyscallError("socket", err)
	})
	if err != nil {
		return nil, err
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // as Go's own dialer does
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	if err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	f := os.NewFile(uintptr(fd), to.String()) // pollable, since it does not block
	if deadline, ok := ctx.Deadline(); ok {
		if err := f.SetDeadline(deadline); err != nil {
			f.Close()
			return nil, err
		}
	}
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		code, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && code != 0 {
			err = unix.Errno(code)
		}
		if err != nil {
			failed = os.NewSyscallError("connect", err)
			return true
		}
		if _, err := unix.Getpeername(int(fd)); err != nil {
			return false // still connecting
		}
		return true
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// tcp connects, says hello and reads who answers.
func tcp(ctx context.Context, enter func(func() error) error, to netip.AddrPort) (Result, error) {
	start := time.Now()
	c, err := Dial(ctx, enter, to)
	if err != nil {
		r, err := outcome(ctx, err)
		if r.Outcome == Refused {
			r.RTT = time.Since(start)
		}
		return r, err
	}
	defer c.Close()
	r := Result{Outcome: Answered, RTT: time.Since(start)}
	if _, err := c.Write([]byte("knock\n")); err != nil {
		return Result{Outcome: Silent, Why: "connected, then: " + err.Error()}, nil
	}
	by, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		// Connected, but no byte came back: only part of the packets get through.
		return Result{Outcome: Silent, Why: "connected, then: " + err.Error()}, nil
	}
	r.By = strings.TrimSpace(by)
	return r, nil
}
