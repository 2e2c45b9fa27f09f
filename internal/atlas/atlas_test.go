package atlas

import "testing"

func TestLoad(t *testing.T) {
	a, err := load()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d facts", len(a.facts))
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := load(); err != nil {
			b.Fatal(err)
		}
	}
}
