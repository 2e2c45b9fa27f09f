package shape

import (
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	mdnetlink "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
)

const tableName = "tieline_shape"

// The traffic class byte of an IPv4 header: six bits of DSCP, two of ECN
// (RFC 2474 section 3, RFC 3168 section 5).
const (
	offsetTOS = 1
	dscpMask  = 0xfc
	dscpShift = 2
)

// mark replaces the table that tells packets to their classes, in one
// transaction. There is none where nothing is shaped.
func mark(ns int, shapers []nodeconf.Shaper) error {
	conn, err := nftables.New(nftables.WithNetNSFd(ns), nftables.WithSockOptions(func(c *mdnetlink.Conn) error {
		return c.SetDeadline(time.Now().Add(kernelTimeout))
	}))
	if err != nil {
		return err
	}
	t := conn.AddTable(&nftables.Table{Name: tableName, Family: nftables.TableFamilyINet})
	conn.DelTable(t)
	if len(shapers) == 0 {
		return conn.Flush()
	}
	conn.AddTable(t)
	chain := conn.AddChain(&nftables.Chain{
		Name: "postrouting", Table: t, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityMangle,
	})
	for i := range shapers {
		s := &shapers[i]
		conn.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: prioritise(s.Device, minorDefault, nil)})
		for _, c := range s.Classes {
			conn.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: prioritise(s.Device, minorClass+uint16(c.DSCP), &c.DSCP)})
		}
	}
	return conn.Flush()
}

// prioritise sets the class of what leaves by a device, with a DSCP if one is
// given.
func prioritise(device string, minor uint16, dscp *uint8) []expr.Any {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, device)
	list := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
	}
	if dscp != nil {
		list = append(list,
			&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.NFPROTO_IPV4}},
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offsetTOS, Len: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 1, Mask: []byte{dscpMask}, Xor: []byte{0}},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{*dscp << dscpShift}})
	}
	return append(list,
		&expr.Immediate{Register: 1, Data: binaryutil.NativeEndian.PutUint32(netlink.MakeHandle(major, minor))},
		&expr.Meta{Key: expr.MetaKeyPRIORITY, SourceRegister: true, Register: 1})
}
