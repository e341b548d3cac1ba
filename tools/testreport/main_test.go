package main

import (
	"strings"
	"testing"
)

const passing = `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Test":"TestX","Output":"=== RUN   TestX\n"}
{"Action":"output","Package":"a","Test":"TestX","Output":"--- PASS: TestX (0.00s)\n"}
{"Action":"pass","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Output":"PASS\n"}
{"Action":"output","Package":"a","Output":"ok  \ta\t0.010s\n"}
{"Action":"pass","Package":"a"}
`

func TestReport(t *testing.T) {
	cases := []struct {
		name, events string
		ok           bool
		want         string
	}{
		{
			"passed", passing, true,
			"ok  \ta\t0.010s\nPASSED: 1 tests passed in 1 packages, 0 failures, 0 skipped\n",
		},
		{
			"no test files", passing + `{"Action":"start","Package":"b"}
{"Action":"output","Package":"b","Output":"?   \tb\t[no test files]\n"}
{"Action":"skip","Package":"b"}
`, true,
			"ok  \ta\t0.010s\n?   \tb\t[no test files]\nPASSED: 1 tests passed in 1 packages, 0 failures, 0 skipped\n",
		},
		{
			"skipped test", passing + `{"Action":"start","Package":"b"}
{"Action":"output","Package":"b","Test":"TestY","Output":"    y_test.go:3: no database\n"}
{"Action":"skip","Package":"b","Test":"TestY"}
{"Action":"output","Package":"b","Output":"ok  \tb\t0.010s\n"}
{"Action":"pass","Package":"b"}
`, false,
			"ok  \ta\t0.010s\nok  \tb\t0.010s\nskipped, which counts as failed: b TestY\n" +
				"FAILED: 1 tests passed in 2 packages, 0 failures, 1 skipped\n",
		},
		{
			"failed test", `{"Action":"start","Package":"b"}
{"Action":"output","Package":"b","Test":"TestY","Output":"    y_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"b","Test":"TestY"}
{"Action":"output","Package":"b","Output":"FAIL\tb\t0.010s\n"}
{"Action":"fail","Package":"b"}
`, false,
			"    y_test.go:3: got 1, want 2\nFAIL\tb\t0.010s\nfailed: b TestY\nfailed: b\n" +
				"FAILED: 0 tests passed in 0 packages, 2 failures, 0 skipped\n",
		},
		{
			"crash within a test", `{"Action":"start","Package":"b"}
{"Action":"output","Package":"b","Test":"TestY","Output":"panic: oh\n"}
{"Action":"output","Package":"b","Output":"FAIL\tb\t0.010s\n"}
{"Action":"fail","Package":"b"}
`, false,
			"FAIL\tb\t0.010s\npanic: oh\nfailed: b\nFAILED: 0 tests passed in 0 packages, 1 failures, 0 skipped\n",
		},
		{
			"does not compile", `{"Action":"build-output","ImportPath":"b","Output":"b.go:1: undefined: x\n"}
{"Action":"build-fail","ImportPath":"b"}
{"Action":"start","Package":"b"}
{"Action":"output","Package":"b","Output":"FAIL\tb [build failed]\n"}
{"Action":"fail","Package":"b","FailedBuild":"b"}
`, false,
			"b.go:1: undefined: x\nFAIL\tb [build failed]\nfailed: b\nFAILED: 0 tests passed in 0 packages, 1 failures, 0 skipped\n",
		},
		{
			"cut off", passing + `{"Action":"start","Package":"b"}
`, false,
			"ok  \ta\t0.010s\nfailed: b (did not finish)\nFAILED: 1 tests passed in 1 packages, 1 failures, 0 skipped\n",
		},
		{"nothing ran", "", false, "FAILED: 0 tests passed in 0 packages, 0 failures, 0 skipped\n"},
		{"no event", "go: no such module\n", false, "go: no such module\nFAILED: 0 tests passed in 0 packages, 0 failures, 0 skipped\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.readAll(strings.NewReader(c.events)); err != nil {
				t.Fatal(err)
			}
			if ok := r.close(); ok != c.ok || out.String() != c.want {
				t.Errorf("passed %v, want %v; printed\n%s\nwant\n%s", ok, c.ok, out.String(), c.want)
			}
		})
	}
}
