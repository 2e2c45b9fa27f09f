package check

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	awsEncryption   = oneOf("AES128", "AES256", "AES128-GCM-16", "AES256-GCM-16")
	awsIntegrity    = oneOf("SHA1", "SHA2-256", "SHA2-384", "SHA2-512")
	awsPhase1Groups = oneOf("2", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24")
	awsPhase2Groups = oneOf("2", "5", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24")
	awsPort         = whole(-1, 65535)
	azureHop        = oneOf("VirtualNetworkGateway", "VnetLocal", "Internet", "VirtualAppliance", "None")
	googleLabel     = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)
	awsKeyText      = regexp.MustCompile(`^[A-Za-z1-9._][A-Za-z0-9._]{7,63}$`)
	serviceTag      = regexp.MustCompile(`^[A-Z][A-Za-z0-9.]*$`)
)

func oneOf(allowed ...string) rule {
	return func(text string) string {
		if slices.Contains(allowed, text) {
			return ""
		}
		return "want one of " + strings.Join(allowed, ", ")
	}
}

func whole(low, high int64) rule {
	return func(text string) string {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && low <= n && n <= high {
			return ""
		}
		return fmt.Sprintf("want a whole number from %d to %d", low, high)
	}
}

// either takes what one of the rules takes.
func either(rules ...rule) rule {
	return func(text string) string {
		var why []string
		for _, r := range rules {
			w := r(text)
			if w == "" {
				return ""
			}
			why = append(why, w)
		}
		return strings.Join(why, ", or ")
	}
}

// network takes an IPv4 prefix without host bits and with a length in the range; IPv6 prefixes of any length.
func network(low, high int) rule {
	return func(text string) string {
		if why := anyNetwork(text); why != "" {
			return why
		}
		if p := netip.MustParsePrefix(text); p.Addr().Is4() && (p.Bits() < low || p.Bits() > high) {
			return fmt.Sprintf("want a prefix from /%d to /%d", low, high)
		}
		return ""
	}
}

// anyNetwork takes a prefix of either family without host bits.
func anyNetwork(text string) string {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return "want a CIDR"
	}
	if p != p.Masked() {
		return "host bits are set, want " + p.Masked().String()
	}
	return ""
}

// prefixed takes an address with a prefix length, such as that of an interface.
func prefixed(text string) string {
	if _, err := netip.ParsePrefix(text); err != nil {
		return "want an address with a prefix length"
	}
	return ""
}

func ipv4(text string) string {
	if a, err := netip.ParseAddr(text); err != nil || !a.Is4() {
		return "want an IPv4 address"
	}
	return ""
}

// tunnelInside is AWS's rule on the inside CIDR of a tunnel
// (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html).
func tunnelInside(text string) string {
	if why := anyNetwork(text); why != "" {
		return why
	}
	p := netip.MustParsePrefix(text)
	if p.Bits() != 30 || !netip.MustParsePrefix("169.254.0.0/16").Contains(p.Addr()) {
		return "want a /30 of 169.254.0.0/16"
	}
	b := p.Addr().As4()
	if b[3] == 0 && b[2] <= 5 || p == netip.MustParsePrefix("169.254.169.252/30") {
		return "reserved by AWS"
	}
	return ""
}

func awsKey(text string) string {
	if awsKeyText.MatchString(text) {
		return ""
	}
	return "want 8 to 64 letters, digits, dots and underscores, not starting with 0"
}

func googleName(text string) string {
	if len(text) <= 63 && googleLabel.MatchString(text) {
		return ""
	}
	return "want at most 63 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen"
}

// portRange takes a port or two with a hyphen between them.
func portRange(text string) string {
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		to = from
	}
	a, errA := strconv.ParseUint(from, 10, 16)
	b, errB := strconv.ParseUint(to, 10, 16)
	if errA != nil || errB != nil || a > b {
		return "want a port or a range of ports up to 65535"
	}
	return ""
}

func azurePort(text string) string {
	if text == "*" {
		return ""
	}
	return portRange(text)
}

// azureDestination takes a prefix or a service tag.
func azureDestination(text string) string {
	if serviceTag.MatchString(text) {
		return ""
	}
	return anyNetwork(text)
}

// azureInside is the range that Azure lets a gateway take BGP addresses from
// (https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-howto-aws-bgp).
func azureInside(text string) string {
	a, err := netip.ParseAddr(text)
	if err != nil || !netip.MustParsePrefix("169.254.21.0/24").Contains(a) && !netip.MustParsePrefix("169.254.22.0/24").Contains(a) {
		return "want an address from 169.254.21.0 to 169.254.22.255"
	}
	return ""
}
