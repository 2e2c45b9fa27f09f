package policy

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// maxName is the longest name of a rule: it fits every cloud with a suffix
// that tells equal ones apart.
const maxName = 56

// label names several things: the first two, and how many more.
func label(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, clean(n))
	}
	if len(out) > 2 {
		return fmt.Sprintf("%s-%s-and-%d-more", out[0], out[1], len(out)-2)
	}
	return strings.Join(out, "-")
}

// clean keeps the characters that names of rules have in every cloud.
func clean(s string) string {
	b := []byte(s)
	for i, c := range b {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			b[i] = '-'
		}
	}
	return string(b)
}

// serviceLabel names services: tcp-443-5432-udp-53.
func serviceLabel(services []vocab.Service) string {
	var out []string
	last := ""
	for i, s := range services {
		if i == 3 {
			out = append(out, fmt.Sprintf("and-%d-more", len(services)-i))
			break
		}
		if p := s.Proto.String(); p != last {
			out = append(out, p)
			last = p
		}
		if !s.Ports.IsAny() {
			out = append(out, s.Ports.String())
		}
	}
	return strings.Join(out, "-")
}

// ruleName joins the parts of a rule's name; a long one is cut, and a digest
// of the whole keeps it apart from others.
func ruleName(parts ...string) string {
	s := strings.Join(parts, "-")
	if len(s) <= maxName {
		return s
	}
	h := fnv.New32a()
	h.Write([]byte(s))
	return fmt.Sprintf("%s-%06x", strings.TrimRight(s[:maxName-7], "-"), h.Sum32()&0xffffff)
}

// describe gives a rule's value as `tieline why` prints it.
func describe(dir, action string, services []vocab.Service, peer string) string {
	var s []string
	for _, v := range services {
		s = append(s, v.String())
	}
	word := " from "
	if dir == "egress" {
		word = " to "
	}
	return dir + " " + action + " " + strings.Join(s, ", ") + word + peer
}
