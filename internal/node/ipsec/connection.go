package ipsec

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/strongswan/govici/vici"

	"github.com/tieline/tieline/internal/nodeconf"
)

// connection is one tunnel as the command load-conn takes it
// (docs.strongswan.org, "VICI Protocol" and "swanctl.conf"). Kernel and
// userspace ESP get the same but for the interface id.
type connection struct {
	Version     string           `vici:"version"`
	LocalAddrs  []string         `vici:"local_addrs"`
	RemoteAddrs []string         `vici:"remote_addrs"`
	Proposals   []string         `vici:"proposals"`
	RekeyTime   string           `vici:"rekey_time"`
	RandTime    string           `vici:"rand_time"`
	OverTime    string           `vici:"over_time"`
	ReauthTime  string           `vici:"reauth_time"`
	DPDDelay    string           `vici:"dpd_delay"`
	Encap       string           `vici:"encap"`
	Mobike      string           `vici:"mobike"`
	KeyingTries string           `vici:"keyingtries"`
	Unique      string           `vici:"unique"`
	Local       authentication   `vici:"local"`
	Remote      authentication   `vici:"remote"`
	Children    map[string]child `vici:"children"` // one, named as the connection
}

type authentication struct {
	Auth string `vici:"auth"`
	ID   string `vici:"id"`
}

type child struct {
	Mode         string   `vici:"mode"`
	LocalTS      []string `vici:"local_ts"`
	RemoteTS     []string `vici:"remote_ts"`
	ESPProposals []string `vici:"esp_proposals"`
	RekeyTime    string   `vici:"rekey_time"`
	LifeTime     string   `vici:"life_time"`
	RandTime     string   `vici:"rand_time"`
	StartAction  string   `vici:"start_action"`
	CloseAction  string   `vici:"close_action"`
	DPDAction    string   `vici:"dpd_action"`
	IfIDIn       string   `vici:"if_id_in"`
	IfIDOut      string   `vici:"if_id_out"`
}

// connectionOf builds the connection of a tunnel. ifID is its interface id,
// with kernel ESP; 0 for none.
//
// Every mistake that would make a connection that can never come up is an
// error. Dialing is the manager's work, so nothing starts by itself; the
// selectors are everything, since routes decide what enters the tunnel.
func connectionOf(t *nodeconf.Tunnel, ifID uint32) (connection, error) {
	c := t.IPsec
	if err := checkTunnel(t); err != nil {
		return connection{}, err
	}
	ike, esp := rekeyTimes(c.IKELifetime, t.Initiate), rekeyTimes(c.ESPLifetime, t.Initiate)
	all := []string{"0.0.0.0/0"}
	ch := child{
		Mode: "tunnel", LocalTS: all, RemoteTS: all, ESPProposals: c.ESP,
		RekeyTime: seconds(esp.rekey), RandTime: seconds(esp.random), LifeTime: seconds(c.ESPLifetime),
		StartAction: "none", CloseAction: "none", DPDAction: "clear",
	}
	if ifID != 0 {
		ch.IfIDIn, ch.IfIDOut = strconv.FormatUint(uint64(ifID), 10), strconv.FormatUint(uint64(ifID), 10)
	}
	return connection{
		Version:    "2",
		LocalAddrs: []string{t.Local.String()}, RemoteAddrs: []string{t.Remote.String()},
		Proposals: c.IKE,
		RekeyTime: seconds(ike.rekey), RandTime: seconds(ike.random), OverTime: seconds(c.IKELifetime - ike.rekey),
		ReauthTime: "0s", // rekeying makes new keys; authenticating again would break the tunnel before it makes it
		DPDDelay:   seconds(c.DPD),
		Encap:      yesNo(c.ForceEncapsulation),
		Mobike:     "no", // addresses of gateways are fixed, and no cloud offers it
		// The manager dials again itself, and knows why it failed.
		KeyingTries: "1",
		// A peer that starts again replaces the SA that it no longer has.
		Unique:   "replace",
		Local:    authentication{Auth: "psk", ID: c.LocalID},
		Remote:   authentication{Auth: "psk", ID: c.RemoteID},
		Children: map[string]child{t.Name: ch},
	}, nil
}

func checkTunnel(t *nodeconf.Tunnel) error {
	c := t.IPsec
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(t.Name != "" && len(t.Name) <= 15, "device name %q must have 1 to 15 bytes", t.Name)
	check(t.Local.IsValid() && t.Remote.IsValid(), "it needs a local and a remote address")
	if c == nil {
		return errors.Join(append(errs, errors.New("it has no IPsec settings"))...)
	}
	check(c.LocalID != "" && c.RemoteID != "", "it needs the identities of both ends")
	check(c.PSK != "", "it names no pre-shared key")
	check(len(c.IKE) > 0 && len(c.ESP) > 0, "it has no proposals")
	check(c.IKELifetime >= minLifetime, "IKE lifetime %d s is under %d s", c.IKELifetime, minLifetime)
	check(c.ESPLifetime >= minLifetime, "ESP lifetime %d s is under %d s", c.ESPLifetime, minLifetime)
	check(c.DPD >= 0, "DPD interval %d s is negative", c.DPD)
	return errors.Join(errs...)
}

// minLifetime is the shortest lifetime, in seconds, in which a rekey fits:
// strongSwan counts in whole ones.
const minLifetime = 3

// rekeying is when an SA is rekeyed: after rekey seconds, less up to random.
type rekeying struct{ rekey, random int }

// rekeyTimes puts the rekey of an SA well before its end: between 80 and 90 %
// of the lifetime on the end that initiates, between 90 and 95 % on the other,
// so that the two seldom cross (RFC 7296 section 2.8.1 lets them).
func rekeyTimes(lifetime int, initiate bool) rekeying {
	margin := max(1, lifetime/10)
	if initiate {
		return rekeying{rekey: lifetime - margin, random: margin}
	}
	late := max(1, margin/2)
	return rekeying{rekey: lifetime - late, random: margin - late}
}

func (c *connection) message(name string) (*vici.Message, error) {
	m, err := vici.MarshalMessage(c)
	if err != nil {
		return nil, err
	}
	out := vici.NewMessage()
	return out, out.Set(name, m)
}

// sharedMessage is the pre-shared key of a tunnel for load-shared. It is the
// only thing that holds it; never print it.
func sharedMessage(t *nodeconf.Tunnel, psk []byte) (*vici.Message, error) {
	out := vici.NewMessage()
	err := errors.Join(
		out.Set("id", t.Name),
		out.Set("type", "IKE"),
		out.Set("data", string(psk)),
		out.Set("owners", []string{t.IPsec.LocalID, t.IPsec.RemoteID}),
	)
	if err != nil {
		return nil, errors.New("pre-shared key: no message can be made of it")
	}
	return out, nil
}

func seconds(n int) string { return strconv.Itoa(n) + "s" }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
