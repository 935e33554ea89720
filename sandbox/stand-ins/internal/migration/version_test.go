package migration

import "testing"

func TestVersionsAreStrictAndRangesAreThoseOfTheTool(t *testing.T) {
	for _, row := range []struct {
		text     string
		ok       bool
		source   bool
		target   bool
		mentions string
	}{
		{text: "2.1.0", ok: true, source: true},
		{text: "2.1.4", ok: true, source: true},
		{text: "2.2.0-rc", ok: true, source: true}, // before 2.2.0
		{text: "2.2.0", ok: true, target: true},
		{text: "2.2.16", ok: true, target: true},
		{text: "2.3.0", ok: true},
		{text: "2.0.2", ok: true},
		{text: "v2.1.4"},
		{text: "2.1"},
		{text: "2.01.4"},
		{text: ""},
	} {
		v, err := parseVersion(row.text)
		if (err == nil) != row.ok {
			t.Errorf("%q: parsed %v, error %v", row.text, v, err)
			continue
		}
		if err == nil && (is21(v) != row.source || is22(v) != row.target) {
			t.Errorf("%q: source %v, target %v", row.text, is21(v), is22(v))
		}
	}
}
