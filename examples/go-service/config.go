package main

import (
	"fmt"

	"github.com/BurntSushi/toml"
)

// config is the service's configuration file.
type config struct {
	Listen   string
	Greeting string
}

// readConfig is strict: a key that is not known is an error.
func readConfig(path string) (config, error) {
	c := config{Listen: ":8080", Greeting: "hello"}
	meta, err := toml.DecodeFile(path, &c)
	if err != nil {
		return config{}, fmt.Errorf("read %s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return config{}, fmt.Errorf("read %s: unknown key %s", path, unknown[0])
	}
	return c, nil
}
