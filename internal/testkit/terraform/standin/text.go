package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// What the name of an attribute says about its text.
var (
	namesPrefix    = regexp.MustCompile(`(^|_)(cidrs?|cidr_blocks?|ip_ranges?|address_prefix(es)?|prefixes|ip_cidr_range)$`)
	namesIPv6      = regexp.MustCompile(`ipv6`)
	namesAddress   = regexp.MustCompile(`(^|_)(ip|ips|ipv4|ipv6|address|addresses)$`)
	namesTime      = regexp.MustCompile(`(^|_)(timestamp|rfc3339|at|time|date)$`)
	namesASN       = regexp.MustCompile(`(^|_)asn$`)
	namesNoAddress = regexp.MustCompile(`(^|_)(mac|email)_`)
)

// text makes the text of the attribute called name at path.
func (m *maker) text(name, path string) string {
	switch {
	case namesPrefix.MatchString(name) && namesIPv6.MatchString(name):
		return fmt.Sprintf("2001:db8:%x::/48", m.number(path)>>16)
	case namesPrefix.MatchString(name):
		n := m.number(path)
		return fmt.Sprintf("10.%d.%d.0/24", n>>8&0xff, n&0xff)
	case namesAddress.MatchString(name) && !namesNoAddress.MatchString(name):
		return m.address(path, namesIPv6.MatchString(name)).String()
	case namesASN.MatchString(name):
		return fmt.Sprint(64512 + m.number(path)%1000)
	case namesTime.MatchString(name):
		return "2026-01-01T00:00:00Z"
	case strings.HasSuffix(name, "_pem"), strings.HasPrefix(name, "private_key"):
		return "-----BEGIN INVENTED-----\n" + m.hex(path, 64) + "\n-----END INVENTED-----\n"
	}
	return m.identifier(name, path)
}

// identifier makes ids and names in the shape that the cloud uses.
func (m *maker) identifier(name, path string) string {
	kind := strings.TrimPrefix(strings.TrimPrefix(m.typeName, "data."), m.provider+"_")
	unique := m.hex(path, 17)
	switch {
	case name == "arn" || strings.HasSuffix(name, "_arn"):
		return fmt.Sprintf("arn:aws:%s:us-east-1:111122223333:%s/%s", strings.SplitN(kind, "_", 2)[0], kind, unique)
	case name == "self_link":
		return "https://www.googleapis.com/compute/v1/projects/invented/" + kind + "/" + unique
	case name != "id" && !strings.HasSuffix(name, "_id"):
		return strings.ReplaceAll(name, "_", "-") + "-" + unique
	}
	switch m.provider {
	case "google":
		return "projects/invented/" + kind + "/" + unique
	case "azurerm":
		return "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/invented/providers/Microsoft.Network/" + kind + "/" + unique
	}
	return strings.ReplaceAll(kind, "_", "-") + "-" + unique
}

// firstByte is the first byte of the public IPv4 addresses invented for a cloud, so that two clouds never share one.
var firstByte = map[string]byte{"aws": 52, "google": 34, "azurerm": 20}

// address invents an address that this process has not given out yet, unless values are to be repeatable.
func (m *maker) address(path string, v6 bool) netip.Addr {
	h := m.hash(path)
	first, ok := firstByte[m.provider]
	if !ok {
		first = 100
	}
	a := netip.AddrFrom4([4]byte{first, h[0], h[1], h[2]})
	if v6 {
		a = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, first, h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10]})
	}
	if m.again {
		return a
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.addrs[a] {
		a = a.Next()
	}
	m.addrs[a] = true
	return a
}
