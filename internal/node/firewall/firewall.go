// Package firewall filters, translates and clamps the packets of one network
// namespace with nftables, in one table (inet tieline) that changes in one
// transaction.
//
// It takes the filters and translations of nodeconf as they stand in a cloud's
// native rules and gives counts by rule and what was denied. A packet passes
// when every filter lets it: the stateless ones see each packet by itself and
// come first; the stateful ones let replies to what passed them, and the
// errors that belong to it, through. Loopback is never filtered. Filters speak
// of IPv4; where there are any, IPv6 is dropped, and it is never forwarded.
//
// It sets no routes and no queues.
package firewall

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
)

// tableName is the table that the firewall owns, in the family inet.
const tableName = "tieline"

// markName begins the names of the counters that mark transactions.
const markName = "transaction_"

const (
	kernelTimeout = 10 * time.Second
	kernelBuffer  = 8 << 20 // bytes; a transaction is one message to the kernel, its acknowledgements are many
)

// Rules are everything that the firewall does.
type Rules struct {
	Filters []nodeconf.Filter
	NATs    []nodeconf.NAT
	// MSS is the largest TCP segment, in bytes, that connections by a device
	// are told of, by its name (RFC 6691).
	MSS map[string]int
	// Inside are the prefixes between which nothing is translated: packets
	// that stay among them are not tracked where tracking serves NAT only.
	Inside []netip.Prefix
	// Untracked are devices by which nothing comes in that NAT could be for
	// (see [Untracked]). Inside and Untracked say nothing where there is no
	// NAT, or a stateful filter, which needs every packet tracked.
	Untracked []string
}

// Firewall is the table of one namespace. Its methods may be called from
// several goroutines.
type Firewall struct {
	ns int

	mu    sync.Mutex
	mark  string // of the rules that are set; empty before
	last  string // counter that marks the transaction in which they were
	rules Rules
	moved map[setKey]moved
	index map[string]Rule // counter's name to the rule
}

// setKey names a set of a filter.
type setKey struct{ filter, set string }

// moved is a set that SetPrefixes changed: what it was declared as, and what
// it holds.
type moved struct{ declared, now []netip.Prefix }

// Rule says which rule it was.
type Rule struct {
	Filter    string
	Rule      string // default-ingress and default-egress for what no rule matches
	Direction nodeconf.Direction
	Line      string // of the spec; empty for none
}

// New makes the firewall of a namespace, given by a file descriptor that stays
// open; 0 is the namespace of the process. It asks the kernel whether it has
// nftables, and changes nothing.
func New(ns int) (*Firewall, error) {
	f := &Firewall{ns: ns, moved: map[setKey]moved{}}
	conn, err := f.conn()
	if err != nil {
		return nil, err
	}
	if _, err := conn.ListTablesOfFamily(nftables.TableFamilyINet); err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	return f, nil
}

// conn makes a connection that opens a socket for each request.
func (f *Firewall) conn() (*nftables.Conn, error) {
	return nftables.New(nftables.WithNetNSFd(f.ns), nftables.WithSockOptions(func(c *netlink.Conn) error {
		// The buffers are as large as the kernel allows; a request that does
		// not fit says so.
		_ = c.SetWriteBuffer(kernelBuffer)
		_ = c.SetReadBuffer(kernelBuffer)
		return c.SetDeadline(time.Now().Add(kernelTimeout))
	}))
}

// Set makes the rules those of the namespace, in one transaction: a packet
// sees all of the old or all of the new ones. Setting the same again changes
// nothing, unless somebody took the table away (nft flush ruleset), which is
// then made again; counters of rules that stay keep their counts, and connections
// their state. Sets that SetPrefixes changed keep what they hold for as long
// as they are declared as before.
func (f *Firewall) Set(rules Rules) error {
	if err := check(&rules); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	mark, err := fingerprint(&rules)
	if err != nil {
		return err
	}
	if mark == f.mark {
		if there, err := f.there(); err != nil || there {
			return err
		}
	}
	keep := map[setKey]moved{}
	for i := range rules.Filters {
		for _, s := range rules.Filters[i].Sets {
			k := setKey{rules.Filters[i].ID, s.Name}
			if m, ok := f.moved[k]; ok && slices.Equal(m.declared, s.Prefixes) {
				keep[k] = m
			}
		}
	}
	want := build(&rules, keep)
	if err := f.apply(want); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	f.mark, f.rules, f.moved, f.index = mark, rules, keep, want.index
	return nil
}

// there reports whether the table is the one of the last transaction.
func (f *Firewall) there() (bool, error) {
	conn, err := f.conn()
	if err != nil {
		return false, err
	}
	have, err := f.present(conn)
	if err != nil {
		return false, fmt.Errorf("nftables: %w", err)
	}
	return have.counts(f.last), nil
}

// fingerprint is equal for equal rules.
func fingerprint(rules *Rules) (string, error) {
	b, err := json.Marshal(rules) // keys of maps come sorted
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// SetPrefixes changes what a named set of a filter holds, in one transaction.
func (f *Firewall) SetPrefixes(filter, set string, prefixes []netip.Prefix) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	declared, ok := f.declared(filter, set)
	if !ok {
		return fmt.Errorf("filter %q has no set %q", filter, set)
	}
	if !isPrefixes(prefixes) {
		return fmt.Errorf("set %q of filter %q: %v are not all prefixes", set, filter, prefixes)
	}
	conn, err := f.conn()
	if err != nil {
		return err
	}
	want := set4{name: setName(filter, set), spans: spansOf(prefixes)}
	s := want.kernel()
	conn.FlushSet(s)
	if err := fill(conn, s, want.spans); err != nil {
		return err
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("nftables: set %q of filter %q: %w", set, filter, err)
	}
	f.moved[setKey{filter, set}] = moved{declared: declared, now: slices.Clone(prefixes)}
	return nil
}

func (f *Firewall) declared(filter, set string) ([]netip.Prefix, bool) {
	for i := range f.rules.Filters {
		if f.rules.Filters[i].ID != filter {
			continue
		}
		for _, s := range f.rules.Filters[i].Sets {
			if s.Name == set {
				return s.Prefixes, true
			}
		}
	}
	return nil, false
}

// Counts gives what each rule matched since it was set, by filter and rule.
// Of a stateful filter, those are the packets that open connections.
func (f *Firewall) Counts() ([]nodeconf.RuleCount, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.index) == 0 {
		return nil, nil
	}
	conn, err := f.conn()
	if err != nil {
		return nil, err
	}
	objects, err := conn.GetObjects(table())
	if err != nil {
		return nil, fmt.Errorf("nftables: counters: %w", err)
	}
	var counts []nodeconf.RuleCount
	for _, o := range objects {
		c, ok := o.(*nftables.CounterObj)
		if !ok {
			continue
		}
		if r, ok := f.index[c.Name]; ok {
			counts = append(counts, nodeconf.RuleCount{Filter: r.Filter, Rule: r.Rule, Packets: c.Packets, Bytes: c.Bytes})
		}
	}
	slices.SortFunc(counts, func(a, b nodeconf.RuleCount) int {
		return cmp.Or(cmp.Compare(a.Filter, b.Filter), cmp.Compare(a.Rule, b.Rule))
	})
	return counts, nil
}

// Clear takes the table away.
func (f *Firewall) Clear() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	conn, err := f.conn()
	if err != nil {
		return err
	}
	conn.DelTable(table())
	if err := conn.Flush(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("nftables: %w", err)
	}
	f.mark, f.last, f.rules, f.index = "", "", Rules{}, nil
	clear(f.moved)
	return nil
}

func table() *nftables.Table {
	return &nftables.Table{Name: tableName, Family: nftables.TableFamilyINet}
}

// apply replaces all that is in the table by want: what is in both under one
// name, chains, sets and counters, stays and keeps its counts; rules are
// written anew.
func (f *Firewall) apply(want *ruleset) error {
	conn, err := f.conn()
	if err != nil {
		return err
	}
	t := conn.AddTable(table())
	conn.FlushTable(t)
	have, err := f.present(conn)
	if err != nil {
		return err
	}
	for _, c := range have.chains {
		if !slices.ContainsFunc(want.chains, func(w chain) bool { return w.name == c.Name }) {
			conn.DelChain(c)
		}
	}
	for _, c := range have.counters {
		if _, ok := want.index[c.Name]; !ok {
			conn.DeleteObject(c)
		}
	}
	for _, s := range have.sets {
		if !slices.ContainsFunc(want.sets, func(w set4) bool { return w.name == s.Name }) {
			conn.DelSet(s)
		}
	}
	for i, s := range want.sets {
		k := s.kernel()
		k.ID = uint32(i + 1) // of this transaction; the library counts its own without a lock
		if slices.ContainsFunc(have.sets, func(h *nftables.Set) bool { return h.Name == s.name }) {
			conn.FlushSet(k)
		} else if err := conn.AddSet(k, nil); err != nil {
			return err
		}
		if err := fill(conn, k, s.spans); err != nil {
			return err
		}
	}
	for _, name := range want.counters {
		if !slices.ContainsFunc(have.counters, func(h *nftables.CounterObj) bool { return h.Name == name }) {
			conn.AddObj(&nftables.CounterObj{Table: t, Name: name})
		}
	}
	for i := range want.chains {
		conn.AddChain(want.chains[i].kernel())
	}
	for i := range want.chains {
		c := want.chains[i].kernel()
		for _, r := range want.chains[i].rules {
			conn.AddRule(&nftables.Rule{Table: t, Chain: c, Exprs: r.exprs, UserData: comment(r.comment)})
		}
	}
	return f.commit(conn)
}

// commit sends a transaction. The kernel acknowledges each part of it, and
// where it may not queue so many answers it says only that some were lost;
// whether the transaction was done, which is all or nothing, shows by a mark
// that was part of it.
func (f *Firewall) commit(conn *nftables.Conn) error {
	mark := markName + rand.Text()
	conn.AddObj(&nftables.CounterObj{Table: table(), Name: mark})
	err := conn.Flush()
	if errors.Is(err, unix.ENOBUFS) {
		have, unread := f.present(conn)
		if unread != nil {
			return errors.Join(err, unread)
		}
		if have.counts(mark) {
			err = nil
		}
	}
	if err == nil {
		f.last = mark
	}
	return err
}

// fill adds addresses to a set, in as many messages as it takes: a list is one
// attribute of netlink, whose length has 16 bits.
func fill(conn *nftables.Conn, s *nftables.Set, spans []span) error {
	const most = 500
	for part := range slices.Chunk(spans, most) {
		if err := conn.SetAddElements(s, elementsOf(part)); err != nil {
			return err
		}
	}
	return nil
}

// presence is what the table holds.
type presence struct {
	chains   []*nftables.Chain
	sets     []*nftables.Set
	counters []*nftables.CounterObj
}

// counts reports whether a counter is there.
func (p *presence) counts(name string) bool {
	return slices.ContainsFunc(p.counters, func(c *nftables.CounterObj) bool { return c.Name == name })
}

func (f *Firewall) present(conn *nftables.Conn) (presence, error) {
	var p presence
	tables, err := conn.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return p, err
	}
	if !slices.ContainsFunc(tables, func(t *nftables.Table) bool { return t.Name == tableName }) {
		return p, nil
	}
	chains, err := conn.ListChainsOfTableFamily(nftables.TableFamilyINet)
	if err != nil {
		return p, err
	}
	for _, c := range chains {
		if c.Table.Name == tableName {
			p.chains = append(p.chains, &nftables.Chain{Table: table(), Name: c.Name})
		}
	}
	if p.sets, err = conn.GetSets(table()); err != nil {
		return p, err
	}
	objects, err := conn.GetObjects(table())
	if err != nil {
		return p, err
	}
	for _, o := range objects {
		if c, ok := o.(*nftables.CounterObj); ok {
			p.counters = append(p.counters, c)
		}
	}
	return p, nil
}
