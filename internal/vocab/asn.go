package vocab

import (
	"fmt"
	"strconv"
)

// ASN is a BGP autonomous system number of 16 or 32 bits (RFC 6793). Zero is
// reserved (RFC 7607) and means none.
type ASN uint32

// ParseASN reads a decimal number from 1 to 4294967295 (asplain, RFC 5396).
func ParseASN(s string) (ASN, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("AS number %q is not a whole number from 1 to 4294967295", s)
	}
	return ASN(n), nil
}

// String gives the number in decimal.
func (a ASN) String() string { return strconv.FormatUint(uint64(a), 10) }

// UnmarshalText is [ParseASN].
func (a *ASN) UnmarshalText(b []byte) (err error) { *a, err = ParseASN(string(b)); return err }
