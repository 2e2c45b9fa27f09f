package names

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

// Title returns "<network>-<id>-<parts>" with an id's slashes as hyphens: the
// name that people see in tags, by today's names.
func Title(n *fabric.Network, id string, parts ...string) string {
	var b strings.Builder
	b.WriteString(n.Name)
	for _, p := range append([]string{id}, parts...) {
		if p == "" {
			continue
		}
		b.WriteByte('-')
		for i := 0; i < len(p); i++ {
			if p[i] == '/' || p[i] == ':' {
				b.WriteByte('-')
				continue
			}
			b.WriteByte(p[i])
		}
	}
	return b.String()
}

// Native is [Title] by the names that the object was made under: a native name
// cannot be changed in place, so a renamed site keeps the old one.
func Native(n *fabric.Network, id string, parts ...string) string {
	return Title(n, Former(n, id), parts...)
}

// Fit makes a name satisfy a rule: it lowers the case where the rule knows no
// capitals, replaces refused characters by hyphens (or leaves them out where
// there are none), and cuts what is too long, with a hash of the whole name
// at the end so that different names stay different.
func Fit(rule atlas.NameRule, name string) string {
	if rule.Allows(name) {
		return name
	}
	lower := !rule.Allows(sample(rule, 'A'))
	hyphen := rule.Allows(sample(rule, '-'))
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		c := name[i]
		if lower && c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			out = append(out, c)
			continue
		}
		if hyphen {
			out = append(out, '-')
		}
	}
	fitted := strings.Trim(string(out), "-")
	if !rule.Allows("0"+strings.Repeat("a", max(rule.MinLen, 3))) && fitted != "" && fitted[0] >= '0' && fitted[0] <= '9' {
		fitted = "n" + fitted
	}
	if len(fitted) > rule.MaxLen || !rule.Allows(fitted) {
		fitted = cut(rule, fitted, name, hyphen)
	}
	if !rule.Allows(fitted) {
		panic(fmt.Sprintf("names: %q does not fit %s as %q", name, rule.Kind, fitted))
	}
	return fitted
}

// sample returns a name that the rule allows if it allows c inside a name.
func sample(rule atlas.NameRule, c byte) string {
	tail := strings.Repeat("a", max(rule.MinLen, 3)-2)
	return "a" + string(c) + tail
}

// cut shortens a name and ends it with a hash of the original.
func cut(rule atlas.NameRule, fitted, whole string, hyphen bool) string {
	h := fnv.New32a()
	h.Write([]byte(whole))
	tail := fmt.Sprintf("%08x", h.Sum32())[:6]
	if hyphen {
		tail = "-" + tail
	}
	keep := min(len(fitted), rule.MaxLen-len(tail))
	return strings.TrimRight(fitted[:keep], "-") + tail
}
