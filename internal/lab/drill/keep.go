package drill

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Folder is the name of the folder beside a spec in which reports are kept.
const Folder = "drills"

// Name is the name of a report's files without their endings: the day and the
// lock's hash, 2026-11-24-1f3a9c04.
func (r *Report) Name() string {
	return r.At.UTC().Format(time.DateOnly) + "-" + shortened(r.Lock)
}

// hashDigits is how much of a hash tells locks apart in names.
const hashDigits = 12

func shortened(hash string) string {
	if hash == "" {
		return "unlocked"
	}
	return hash[:min(len(hash), hashDigits)]
}

// Keep writes a report as JSON and as a page into the folder beside a spec,
// over one of the same day and lock, and gives both paths.
func (r *Report) Keep(beside string) (data, page string, err error) {
	dir := filepath.Join(beside, Folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", "", fmt.Errorf("drill report: %w", err)
	}
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return "", "", fmt.Errorf("drill report: %w", err)
	}
	var html bytes.Buffer
	if err := r.Page(&html); err != nil {
		return "", "", fmt.Errorf("drill report: %w", err)
	}
	data, page = filepath.Join(dir, r.Name()+".json"), filepath.Join(dir, r.Name()+".html")
	for _, f := range []struct {
		path string
		data []byte
	}{{page, html.Bytes()}, {data, append(b, '\n')}} {
		// Whole or not at all: a disk that is full leaves the old one.
		tmp := f.path + ".new"
		if err := os.WriteFile(tmp, f.data, 0o644); err != nil {
			return "", "", errors.Join(fmt.Errorf("drill report: %w", err), os.Remove(tmp))
		}
		if err := os.Rename(tmp, f.path); err != nil {
			return "", "", fmt.Errorf("drill report: %w", err)
		}
	}
	return data, page, nil
}

// Newest reads the newest report kept beside a spec, by when its drill began;
// nil when there is none. Files that are no reports are an error.
func Newest(beside string) (*Report, error) {
	names, err := filepath.Glob(filepath.Join(beside, Folder, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("drill reports: %w", err)
	}
	var newest *Report
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("drill report: %w", err)
		}
		r, err := Parse(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if newest == nil || r.At.After(newest.At) {
			newest = r
		}
	}
	return newest, nil
}

// Parse reads a report.
func Parse(b []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("this is no drill report: %w", err)
	}
	switch {
	case r.Version == 0 || r.At.IsZero() || strings.TrimSpace(r.Network) == "":
		return nil, errors.New("this is no drill report: it has no version, network or date")
	case r.Version > Version:
		return nil, fmt.Errorf("the drill report has version %d, and this program knows %d", r.Version, Version)
	}
	return &r, nil
}
