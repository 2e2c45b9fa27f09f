package vocab

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// USD is an amount of money in billionths of a US dollar, fine enough for a
// unit price of 0.0014 an hour and wide enough for nine billion dollars.
type USD int64

// Dollar is one US dollar.
const Dollar USD = 1e9

// Dollars turns a number of dollars into USD, rounded to the billionth.
func Dollars(f float64) USD { return USD(math.Round(f * float64(Dollar))) }

// ParseUSD reads a decimal number of dollars: 0.05.
func ParseUSD(s string) (USD, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 9e9 {
		return 0, fmt.Errorf("price %q is not a number of US dollars, as in 0.05", s)
	}
	return Dollars(f), nil
}

// Times returns u multiplied by a quantity, rounded to the billionth.
func (u USD) Times(quantity float64) USD { return USD(math.Round(float64(u) * quantity)) }

// Float returns the amount in dollars.
func (u USD) Float() float64 { return float64(u) / float64(Dollar) }

// String gives dollars and cents with thousands separators: 1,234.50.
func (u USD) String() string {
	cents := int64(math.Round(float64(u) / 1e7))
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s%s.%02d", sign, whole, cents%100)
}

// Unit gives a unit price with as many decimals as it has, at least two: 0.05, 0.0014.
func (u USD) Unit() string {
	s := strconv.FormatFloat(u.Float(), 'f', -1, 64)
	if i := strings.IndexByte(s, '.'); i < 0 {
		s += ".00"
	} else if len(s)-i == 2 {
		s += "0"
	}
	return s
}

// MarshalJSON gives the amount as a JSON number of dollars.
func (u USD) MarshalJSON() ([]byte, error) {
	return []byte(strconv.FormatFloat(u.Float(), 'f', -1, 64)), nil
}

// UnmarshalText is [ParseUSD].
func (u *USD) UnmarshalText(b []byte) (err error) { *u, err = ParseUSD(string(b)); return err }
