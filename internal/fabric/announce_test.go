package fabric

import "testing"

func TestParseCommunity(t *testing.T) {
	for _, test := range []struct {
		text string
		want Community
		ok   bool
	}{
		{"7224:7300", 7224<<16 | 7300, true},
		{"65535:65281", NoExport, true},
		{"no-export", NoExport, true},
		{"NO_ADVERTISE", NoAdvertise, true},
		{"70000:1", 0, false},
		{"7224", 0, false},
		{":", 0, false},
		{"", 0, false},
	} {
		got, err := ParseCommunity(test.text)
		if got != test.want || (err == nil) != test.ok {
			t.Errorf("ParseCommunity(%q) = %v, %v, want %v", test.text, got, err, test.want)
		}
		if back, err := ParseCommunity(got.String()); test.ok && (err != nil || back != got) {
			t.Errorf("ParseCommunity(%v.String()) = %v, %v, want the same", got, back, err)
		}
	}
}

func TestPrefixRangeHolds(t *testing.T) {
	wide := pfx("10.0.0.0/8")
	for _, test := range []struct {
		name   string
		in     PrefixRange
		prefix string
		want   bool
	}{
		{"itself", PrefixRange{Prefix: wide}, "10.0.0.0/8", true},
		{"inside, exact wanted", PrefixRange{Prefix: wide}, "10.1.0.0/16", false},
		{"inside", PrefixRange{wide, 8, 32}, "10.1.0.0/16", true},
		{"longer, itself", PrefixRange{wide, 9, 32}, "10.0.0.0/8", false},
		{"too long", PrefixRange{wide, 8, 16}, "10.1.0.0/24", false},
		{"wider", PrefixRange{wide, 0, 32}, "0.0.0.0/0", false},
		{"elsewhere", PrefixRange{wide, 8, 32}, "192.168.0.0/16", false},
	} {
		if got := test.in.Holds(pfx(test.prefix)); got != test.want {
			t.Errorf("%s: %v.Holds(%s) = %v, want %v", test.name, test.in, test.prefix, got, test.want)
		}
	}
}
