package wireguard

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/conn"
	"golang.zx2c4.com/wireguard/device"
	"golang.zx2c4.com/wireguard/tun"
)

// BenchmarkThroughput sends one TCP stream (cubic) through a tunnel over a
// bare veth: between two nodes, and between two namespaces with nothing but
// the library. MB/s are of the payload; the first is to be at least 90 % of
// the second.
func BenchmarkThroughput(b *testing.B) {
	b.Run("nodes", func(b *testing.B) {
		l := newBench(b)
		l.set(b, 0, l.tunnel(0))
		l.set(b, 1, l.tunnel(1))
		l.up(b)
		stream(b, l)
	})
	b.Run("library", func(b *testing.B) {
		l := newBench(b)
		for i := range 2 {
			bare(b, l, i)
			address(b, l.under[i], "tun0", netip.PrefixFrom(inside[i], 30))
		}
		l.node = l.under
		stream(b, l)
	})
}

// bare sets up one end with the library alone, all in one namespace.
func bare(b *testing.B, l *bench, i int) {
	b.Helper()
	var dev *device.Device
	in(b, l.under[i], func() error {
		t, err := tun.CreateTUN("tun0", 1420)
		if err != nil {
			return err
		}
		dev = device.NewDevice(t, conn.NewStdNetBind(), device.NewLogger(device.LogLevelSilent, ""))
		if err := dev.IpcSet(fmt.Sprintf("private_key=%s\nlisten_port=51820\n", hex.EncodeToString(l.keys[i][:]))); err != nil {
			return err
		}
		return dev.Up()
	})
	b.Cleanup(dev.Close)
	peer, keepalive := l.keys[1-i].PublicKey(), 0
	if i == 0 {
		keepalive = 5
	}
	err := dev.IpcSet(fmt.Sprintf("public_key=%s\nendpoint=%s\npersistent_keepalive_interval=%d\nallowed_ip=0.0.0.0/0\n",
		hex.EncodeToString(peer[:]), netip.AddrPortFrom(outside[1-i], 51820), keepalive))
	if err != nil {
		b.Fatal(err)
	}
}

func stream(b *testing.B, l *bench) {
	b.Helper()
	var listener net.Listener
	in(b, l.node[1], func() (err error) {
		listener, err = net.Listen("tcp4", netip.AddrPortFrom(inside[1], 0).String())
		return err
	})
	defer listener.Close()
	done := make(chan int64, 1)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			done <- 0
			return
		}
		defer c.Close()
		n, _ := io.Copy(io.Discard, c)
		done <- n
	}()
	var c net.Conn
	eventually(b, "connection", func() error {
		var err error
		in(b, l.node[0], func() error {
			// The machine's default may be bbr, which hides loss.
			d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
				return errors.Join(c.Control(func(fd uintptr) {
					err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic")
				}), err)
			}}
			c, err = d.Dial("tcp4", listener.Addr().String())
			return nil
		})
		return err
	})
	piece := make([]byte, 1<<20)
	b.SetBytes(int64(len(piece)))
	for b.Loop() {
		if _, err := c.Write(piece); err != nil {
			b.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
	if n := <-done; n == 0 {
		b.Error("nothing arrived")
	}
}
