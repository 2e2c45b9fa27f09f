package vocab

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Rate is a data rate in bits a second.
type Rate int64

// Rates in decimal units, as networks are sold.
const (
	Kbps Rate = 1e3
	Mbps Rate = 1e6
	Gbps Rate = 1e9
	Tbps Rate = 1e12
)

var rateUnits = []unit{{"Tbps", int64(Tbps)}, {"Gbps", int64(Gbps)}, {"Mbps", int64(Mbps)}, {"kbps", int64(Kbps)}, {"Kbps", int64(Kbps)}, {"bps", 1}}

// ParseRate reads a number and a unit: 500Mbps, 1.25Gbps.
func ParseRate(s string) (Rate, error) {
	n, ok := parseQuantity(s, rateUnits)
	if !ok {
		return 0, fmt.Errorf("rate %q is not a positive number with one of bps, kbps, Mbps, Gbps, Tbps, as in 1.25Gbps", s)
	}
	return Rate(n), nil
}

// String gives the rate in its largest whole-looking unit: 1.25Gbps.
func (r Rate) String() string { return formatQuantity(int64(r), rateUnits, "bps") }

// MarshalText is [Rate.String].
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is [ParseRate].
func (r *Rate) UnmarshalText(b []byte) (err error) { *r, err = ParseRate(string(b)); return err }

// Volume is an amount of data in bytes.
type Volume int64

// Volumes in decimal units, as clouds bill them (AWS and GCP mean GiB where
// they write GB; the price's unit says which).
const (
	MB Volume = 1e6
	GB Volume = 1e9
	TB Volume = 1e12
	PB Volume = 1e15
)

var volumeUnits = []unit{
	{"PB", int64(PB)},
	{"TB", int64(TB)},
	{"GB", int64(GB)},
	{"MB", int64(MB)},
	{"PiB", 1 << 50},
	{"TiB", 1 << 40},
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"B", 1},
}

// ParseVolume reads a number and a unit: 40TB, 1.5PiB.
func ParseVolume(s string) (Volume, error) {
	n, ok := parseQuantity(s, volumeUnits)
	if !ok {
		return 0, fmt.Errorf("volume %q is not a positive number with one of MB, GB, TB, PB, MiB, GiB, TiB, PiB, as in 40TB", s)
	}
	return Volume(n), nil
}

// GB returns the volume in decimal gigabytes.
func (v Volume) GB() float64 { return float64(v) / float64(GB) }

// String gives the volume in its largest decimal unit: 40TB.
func (v Volume) String() string { return formatQuantity(int64(v), volumeUnits[:4], "B") }

// MarshalText is [Volume.String].
func (v Volume) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is [ParseVolume].
func (v *Volume) UnmarshalText(b []byte) (err error) { *v, err = ParseVolume(string(b)); return err }

type unit struct {
	name string
	size int64
}

func parseQuantity(s string, units []unit) (int64, bool) {
	for _, u := range units {
		num, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		num = strings.TrimSpace(num)
		if num == "" || strings.Trim(num, "0123456789.") != "" {
			continue // "Gbps" also ends in "bps"
		}
		f, err := strconv.ParseFloat(num, 64)
		if err != nil || f <= 0 || f*float64(u.size) > math.MaxInt64/2 {
			return 0, false
		}
		return int64(math.Round(f * float64(u.size))), true
	}
	return 0, false
}

func formatQuantity(n int64, units []unit, base string) string {
	for _, u := range units {
		if u.size > 1 && n >= u.size {
			return strconv.FormatFloat(math.Round(float64(n)/float64(u.size)*1000)/1000, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + base
}
