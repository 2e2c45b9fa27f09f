package firewall

import (
	"bytes"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/vocab"
)

// Notes of denied packets: to which group of nfnetlink_log, how much of each,
// and how many a rule makes.
const (
	noteGroup   = 86
	noteBytes   = 128
	noteRate    = 10 // a second
	noteAtOnce  = 20
	deviceBytes = unix.IFNAMSIZ
)

func verdict(kind expr.VerdictKind, to string) []expr.Any {
	return []expr.Any{&expr.Verdict{Kind: kind, Chain: to}}
}

func equal(data []byte) []expr.Any {
	return []expr.Any{&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: data}}
}

// between matches from first to last, both in it, in network byte order.
func between(first, last []byte) []expr.Any {
	if bytes.Equal(first, last) {
		return equal(first)
	}
	return []expr.Any{&expr.Range{Op: expr.CmpOpEq, Register: 1, FromData: first, ToData: last}}
}

func load(base expr.PayloadBase, offset, length uint32) []expr.Any {
	return []expr.Any{&expr.Payload{DestRegister: 1, Base: base, Offset: offset, Len: length}}
}

// device matches the name of the device that a packet came in or goes out by.
func device(key expr.MetaKey, name string) []expr.Any {
	padded := make([]byte, deviceBytes)
	copy(padded, name)
	return append([]expr.Any{&expr.Meta{Key: key, Register: 1}}, equal(padded)...)
}

func family(nfproto byte) []expr.Any {
	return append([]expr.Any{&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1}}, equal([]byte{nfproto})...)
}

func protocol(p vocab.Proto) []expr.Any {
	return append([]expr.Any{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}}, equal([]byte{byte(p)})...)
}

// replies matches packets of connections that were let through, and errors
// that belong to them.
func replies() []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATE, Register: 1},
		&expr.Bitwise{
			SourceRegister: 1, DestRegister: 1, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED),
			Xor:  binaryutil.NativeEndian.PutUint32(0),
		},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: binaryutil.NativeEndian.PutUint32(0)},
	}
}

// note sends the head of a packet to whoever listens, at a bounded rate.
func note(prefix string) []expr.Any {
	return []expr.Any{
		&expr.Limit{Type: expr.LimitTypePkts, Rate: noteRate, Unit: expr.LimitTimeSecond, Burst: noteAtOnce},
		&expr.Log{
			Key:   1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_PREFIX | 1<<unix.NFTA_LOG_SNAPLEN,
			Group: noteGroup, Snaplen: noteBytes, Data: []byte(prefix),
		},
	}
}
