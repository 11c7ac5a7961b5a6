package main

import (
	"testing"

	"github.com/sworn-build/sworn/step"
)

// A record that does not say what the step was held to is not taken for one that does.
func TestTheNetworkWasRecordedAsAsked(t *testing.T) {
	record := func(allow ...string) *step.Profile { return &step.Profile{Network: step.NetworkRecord, Allow: allow} }
	by := func(mode, recorder string) *step.Network { return &step.Network{Mode: mode, Recorder: recorder} }
	for _, tt := range []struct {
		what    string
		profile *step.Profile
		network *step.Network
		want    bool
	}{
		{"another build's", nil, nil, true},
		{"not asked for", &step.Profile{Network: step.NetworkDefault}, nil, true},
		{"no record", record(), nil, false},
		{"another mode", record(), by(step.NetworkDefault, step.RecorderBuildKit), false},
		{"by nobody", record(), by(step.NetworkRecord, ""), false},
		{"by Sworn", record(), by(step.NetworkRecord, step.RecorderSworn), true},
		{"by BuildKit", record(), by(step.NetworkRecord, step.RecorderBuildKit), true},
		{"patterns, by Sworn", record("a.test"), by(step.NetworkRecord, step.RecorderSworn), true},
		{"patterns, by BuildKit", record("a.test"), by(step.NetworkRecord, step.RecorderBuildKit), false},
	} {
		if got := recordsNetwork(tt.profile, tt.network); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.what, got, tt.want)
		}
	}
}
