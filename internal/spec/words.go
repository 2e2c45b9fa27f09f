package spec

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// oneOf lists choices: "a", "a or b", "one of a, b, c".
func oneOf(choices []string) string {
	if len(choices) <= 2 {
		return strings.Join(choices, " or ")
	}
	return "one of " + strings.Join(choices, ", ")
}

// expected says what a scalar of the field should be.
func expected(f *field) string {
	if f.enum != nil {
		return oneOf(f.enum)
	}
	switch f.scalar {
	case reflect.TypeFor[string]():
		return "text"
	case reflect.TypeFor[int]():
		return "a whole number from 1"
	case reflect.TypeFor[bool]():
		return "true or false"
	case reflect.TypeFor[netip.Prefix]():
		return "a prefix"
	case reflect.TypeFor[netip.Addr]():
		return "an IP address"
	case reflect.TypeFor[PrefixLen]():
		return "a prefix length"
	case reflect.TypeFor[Ref]():
		return "a segment, site, site:segment, site/network/subnet, CIDR or internet"
	case reflect.TypeFor[vocab.ASN]():
		return "an AS number"
	case reflect.TypeFor[vocab.Rate]():
		return "a rate"
	case reflect.TypeFor[vocab.Volume]():
		return "a volume"
	case reflect.TypeFor[vocab.Service]():
		return "a protocol with ports"
	case reflect.TypeFor[Milliseconds]():
		return "a duration"
	case reflect.TypeFor[RuleCode]():
		return "a rule's code"
	case reflect.TypeFor[Date]():
		return "a date"
	}
	return "a value"
}

func exampleHint(f *field, key string) string {
	switch {
	case f.example != "":
		return "for example " + key + ": " + f.example
	case f.enum != nil:
		return "for example " + key + ": " + f.enum[0]
	}
	return ""
}

// nameHint turns what was written into a name, where that is easy.
func nameHint(s string) string {
	const rule = "names are lower-case letters, digits and hyphens, start with a letter, do not end in a hyphen, and have at most 40 characters"
	fixed := strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r == '_' || r == ' ' || r == '.' || r == '-' || r == '/':
			return '-'
		}
		return -1
	}, s)
	fixed = strings.Trim(fixed, "-")
	if fixed != s && ValidName(fixed) {
		return rule + ", for example " + fixed
	}
	return rule
}

// list joins names, cutting a long list short.
func list(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// suggest is a hint for a name that is not among those known.
func suggest(name string, known []string, intro string) string {
	if s := diag.Suggest(name, known); s != "" {
		return s
	}
	if len(known) == 0 {
		return ""
	}
	return intro + list(known)
}

// unique drops repeated names, keeping the order.
func unique(names []string) []string {
	seen := make(map[string]bool, len(names))
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		was := seen[n]
		seen[n] = true
		return was
	})
}
