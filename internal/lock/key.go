package lock

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a key: far above any real one, low enough that a hostile file
// costs nothing.
const (
	maxKeyBytes = 512
	maxKeyDepth = 16
)

// ValidateKey reports why s cannot be a key: a path of 1 to 16 names joined by
// "/", without spaces, control characters or commas, at most 512 bytes.
func ValidateKey(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("key is empty")
	case len(s) > maxKeyBytes:
		return fmt.Errorf("key %q… is longer than %d bytes", s[:40], maxKeyBytes)
	case !utf8.ValidString(s):
		return fmt.Errorf("key %q is not UTF-8", s)
	case strings.Count(s, "/") >= maxKeyDepth:
		return fmt.Errorf("key %q has more than %d names", s, maxKeyDepth)
	case strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/") || strings.Contains(s, "//"):
		return fmt.Errorf("key %q has an empty name between slashes", s)
	}
	for _, r := range s {
		if r > ' ' && r < 0x7f && r != ',' {
			continue
		}
		if r == ',' || unicode.IsSpace(r) || !unicode.IsGraphic(r) {
			return fmt.Errorf("key %q has the character %q, which no key may have", s, r)
		}
	}
	return nil
}

// isAncestor reports whether inner is a key below outer.
func isAncestor(outer, inner string) bool {
	return len(inner) > len(outer) && inner[len(outer)] == '/' && strings.HasPrefix(inner, outer)
}

// isWithin reports whether key is top, a leftover of it, or below either.
func isWithin(top, key string) bool {
	if key == top || isAncestor(top, key) {
		return true
	}
	return strings.HasPrefix(key, top+"~") && baseKey(key) == top
}

// parentKey returns the key above key, "" at the top.
func parentKey(key string) string {
	return key[:max(0, strings.LastIndexByte(key, '/'))]
}

// leftoverKey returns the key under which the old value of key is kept.
func leftoverKey(key string, stamp int) string { return baseKey(key) + "~" + strconv.Itoa(stamp) }

// baseKey returns the key that a leftover belonged to, or key itself.
func baseKey(key string) string {
	digits := len(key)
	for digits > 0 && key[digits-1] >= '0' && key[digits-1] <= '9' {
		digits--
	}
	if digits == len(key) || digits < 2 || key[digits-1] != '~' || key[digits-2] == '/' {
		return key
	}
	return key[:digits-1]
}

func isLeftover(key string) bool { return baseKey(key) != key }
