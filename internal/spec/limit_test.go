package spec

import (
	"strings"
	"testing"
)

func TestMilliseconds(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Milliseconds // 0 for an error
	}{
		{"30ms", 30},
		{"0.5ms", 0.5},
		{"1.5s", 1500},
		{"20 ms", 20},
		{"3600s", 3_600_000},
		{"3601s", 0},
		{"0ms", 0},
		{"-1ms", 0},
		{"1e3ms", 0},
		{"30", 0},
		{"ms", 0},
		{"1.2.3ms", 0},
		{"1us", 0},
		{"", 0},
	} {
		var got Milliseconds
		err := got.UnmarshalText([]byte(tt.in))
		if got != tt.want || (err != nil) != (tt.want == 0) {
			t.Errorf("UnmarshalText(%q) = %v, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestDate(t *testing.T) {
	s := parsed(t, indexed+"audit: {waivers: [{rule: TL1042, reason: x, until: 2028-02-29}, {rule: TL1043, reason: x}]}\n")
	if got, want := s.Audit.Waivers[0].Until.V.String(), "2028-02-29"; got != want {
		t.Errorf("until = %v, want %v", got, want)
	}
	if w := s.Audit.Waivers[1].Until; w.IsSet() || !w.V.IsZero() {
		t.Errorf("until left out = %v, want the zero date", w)
	}
}

func TestObject(t *testing.T) {
	x := NewIndex(parsed(t, indexed))
	for _, tt := range []struct{ name, want string }{
		{"a", "a"},
		{"hq", "hq"},
		{"training", "training"},
		{"idle", "idle"},
		{"a:training", "a:training"},
		{"a--g", "a--g"},
		{"g--a", "a--g"},
		{"hq--g", "g--hq"},
		{"a/data", "a/ml/data"},
		{"a/ml/train", "a/ml/train"},
		{"other", "g/same/other"},
		{"solo", "g/solo/solo"},
		{"a/ml", "a/ml"},
		{"old", "a/old"},
		{"old/db", "a/old/db"},
	} {
		got, err := x.Object(tt.name)
		if err != nil || got != tt.want {
			t.Errorf("Object(%q) = %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ name, want, hint string }{
		{"a--hq", `no link joins "a" and "hq"`, "a is joined to g"},
		{"a--x", `there is no site "x"`, "did you mean"},
		{"trainng", `nothing is called "trainng"`, `did you mean "training"?`},
		{"train", `"train" may mean more than one thing`, "a/ml/train"},
		{"internet", `"internet" is not a site`, "for example"},
		{"10.0.0.0/8", `"10.0.0.0/8" is not a site`, "for example"},
		{"", `"" is not a site`, "for example"},
	} {
		got, err := x.Object(tt.name)
		if err == nil || !strings.HasPrefix(err.Summary, tt.want) || !strings.Contains(err.Hint, tt.hint) {
			t.Errorf("Object(%q) = %q, %+v, want error %q with hint %q", tt.name, got, err, tt.want, tt.hint)
		}
	}
}

// parsed reads a spec that has no mistakes.
func parsed(t *testing.T, text string) *Spec {
	t.Helper()
	s, diags := Parse([]File{{Name: "n.yaml", Data: []byte(text)}})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return &s
}
