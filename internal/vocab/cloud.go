// Package vocab holds the small value types that every stage shares: clouds,
// AS numbers, protocols and ports, cipher suites, rates, volumes and money.
// Each is comparable, parses with Parse..., prints with String, and marshals
// as that text. It knows no rule of any cloud.
package vocab

import "fmt"

// Cloud is where a site is: one of the three clouds, a place of one's own, or
// a colocation that joins circuits. The zero Cloud is invalid.
type Cloud uint8

// The kinds of site.
const (
	AWS Cloud = iota + 1
	GCP
	Azure
	OnPrem
	Exchange
)

// Clouds lists the three public clouds in the order they are printed.
var Clouds = []Cloud{AWS, GCP, Azure}

var cloudNames = [...]string{AWS: "aws", GCP: "gcp", Azure: "azure", OnPrem: "onprem", Exchange: "exchange"}

// ParseCloud reads aws, gcp, azure, onprem or exchange.
func ParseCloud(s string) (Cloud, error) {
	for c := AWS; c <= Exchange; c++ {
		if cloudNames[c] == s {
			return c, nil
		}
	}
	return 0, fmt.Errorf("cloud %q is not one of aws, gcp, azure, onprem, exchange", s)
}

// String gives the name used in a spec.
func (c Cloud) String() string {
	if c < AWS || c > Exchange {
		return "cloud?"
	}
	return cloudNames[c]
}

// Title gives the name used in prose: AWS, GCP, Azure, on-prem, exchange.
func (c Cloud) Title() string {
	switch c {
	case AWS:
		return "AWS"
	case GCP:
		return "GCP"
	case Azure:
		return "Azure"
	case OnPrem:
		return "on-prem"
	case Exchange:
		return "exchange"
	}
	return "cloud?"
}

// IsPublic reports whether c is one of the three public clouds.
func (c Cloud) IsPublic() bool { return c >= AWS && c <= Azure }

// MarshalText is [Cloud.String].
func (c Cloud) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText is [ParseCloud].
func (c *Cloud) UnmarshalText(b []byte) (err error) { *c, err = ParseCloud(string(b)); return err }
