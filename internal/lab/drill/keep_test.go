package drill

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample(day string, lock string) *Report {
	at, err := time.Parse(time.DateTime, day+" 10:00:00")
	if err != nil {
		panic(err)
	}
	lost := Flow{
		From: "a/app/<web>", To: "b/app/db", Service: "tcp/443", Line: "network.yaml:9:5",
		Before: Path{There: []string{"tunnel a--b/0", "tunnel a--b/1", "tunnel a--b/2"}, Back: []string{"tunnel a--b/1"}}, After: Path{There: []string{"tunnel a--c/0"}},
		Said: Prediction{Outcome: Survives, Effect: "slower"}, Seen: Survives, Judged: Late,
		Cut: Phase{Sent: 200, Lost: 42, LostThere: 40, LostBack: 2, Recovered: 1420}, Heal: Phase{Sent: 50}, Gaps: []Gap{{At: 0, For: 420, Lost: 42}},
	}
	calm := Flow{From: "c", To: "d", Service: "icmp", Said: Prediction{Outcome: Untouched}, Seen: Untouched, Judged: AsPredicted, Cut: Phase{Sent: 200}}
	return &Report{
		Version: Version, Network: "shop", Lock: lock, At: at, Tunnels: "wireguard", Fast: true, Rate: 100, LateP99: 0.1, Seconds: 4,
		Failures: []Failure{{
			Part: "link a--b", Kind: "link", Detects: 300, DetectBy: "BFD 100 ms x 3 at a", Began: -1500, Settled: 600, Healed: 2000, Back: 500, Ended: 4000,
			Flows: []Flow{lost, calm}, Beside: 3,
		}, {Part: "cloud aws", Kind: "cloud"}, {Part: "link a--c", Kind: "link"}},
	}
}

func TestKeepAndNewest(t *testing.T) {
	dir := t.TempDir()
	if r, err := Newest(dir); r != nil || err != nil {
		t.Fatalf("Newest() of nothing = %v, %v, want nil, nil", r, err)
	}
	newer := sample("2026-11-20", "0123456789abcdef")
	for _, r := range []*Report{newer, sample("2026-10-01", "ff")} {
		if _, _, err := r.Keep(dir); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Newest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newer, got); diff != "" {
		t.Errorf("Newest() (-want +got):\n%s", diff)
	}
	names, err := filepath.Glob(filepath.Join(dir, Folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	want := []string{"2026-10-01-ff.html", "2026-10-01-ff.json", "2026-11-20-0123456789ab.html", "2026-11-20-0123456789ab.json"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(dir, Folder, "2026-12-01-x.json"), []byte(`{"format_version":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Newest(dir); err == nil || !strings.Contains(err.Error(), "2026-12-01-x.json") {
		t.Errorf("Newest() beside a file that is no report = %v, want an error that names it", err)
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `{"format_version":99,"network":"a","at":"2026-01-01T00:00:00Z"}`, `{"format_version":1,"at":"2026-01-01T00:00:00Z"}`} {
		if r, err := Parse([]byte(text)); err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", text, r)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"format_version":1,"network":"a","at":"2026-01-01T00:00:00Z","failures":[{"kind":"cloud","flows":[{"gaps":[{"at":1,"for":2,"lost":3}]}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		var page bytes.Buffer
		if err := r.Page(&page); err != nil {
			t.Errorf("Page() of %q: %v", b, err)
		}
	})
}

func TestSummary(t *testing.T) {
	r := sample("2026-11-20", "")
	if got := r.Worst(); got == nil || got.Part != "link a--b" {
		t.Errorf("Worst() = %+v, want link a--b", got)
	}
	got := []int{r.Against(), r.Lost(), r.LostBack(), r.Failures[0].Calm()}
	if diff := cmp.Diff([]int{1, 42, 0, 1}, got); diff != "" {
		t.Errorf("against, lost, lost back, calm (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"cloud", "link"}, r.Kinds()); diff != "" {
		t.Errorf("Kinds() (-want +got):\n%s", diff)
	}
}

func TestPage(t *testing.T) {
	var b bytes.Buffer
	if err := sample("2026-11-20", "0123456789abcdef").Page(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Drill of shop", "lock 0123456789ab", "a/app/&lt;web&gt;", "42 of 200", "40 / 2", "after 1.4 s", "tunnel a--b/0, 1, 2", "tunnel a--c/0",
		"42 packets lost, from 0 ms after the cut, for 420 ms", "BFD 100 ms x 3 at a", "1 more flows had packets and lost none", "3 flows do not go this way",
		`class="tag bad">late`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("Page() lacks %q", want)
		}
	}
	for _, bad := range []string{"<script", "<link", "<img", "@import", "url(", "http://", "https://", "<web>", "ZgotmplZ"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("Page() has %q, want a page that holds all it needs", bad)
		}
	}
}

func TestTimeline(t *testing.T) {
	f := &sample("2026-11-20", "").Failures[0]
	got := timelineOf(f, &f.Flows[0])
	want := timeline{Cut: 272.7, Heal: 636.4, Gaps: []bar{{272.7, 76.4, "42 packets lost, from 0 ms after the cut, for 420 ms"}}}
	close := cmp.Comparer(func(a, b float64) bool { return a-b < 0.11 && b-a < 0.11 })
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(timeline{}), close); diff != "" {
		t.Errorf("timelineOf() (-want +got):\n%s", diff)
	}
	if got := timelineOf(&Failure{}, &f.Flows[0]); got.Cut != 0 {
		t.Errorf("timelineOf() of no time has its cut at %v, want 0", got.Cut)
	}
}

func TestTimeText(t *testing.T) {
	for ms, want := range map[float64]string{0: "0 ms", 229.5: "230 ms", -500: "-500 ms", 1420: "1.4 s", 185_200: "3 min 5 s"} {
		if got := timeText(ms); got != want {
			t.Errorf("timeText(%v) = %q, want %q", ms, got, want)
		}
	}
}
