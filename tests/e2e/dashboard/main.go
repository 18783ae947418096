// SPDX-License-Identifier: GPL-3.0-or-later
// Reads dashboards by Grafana's own schema, strictly: an unknown or ill-typed field is an error.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	plugins.RegisterDefaultPlugins() // panels and queries have schemas of their own
	var d dashboard.Dashboard
	var found cog.BuildErrors
	// An empty list is how it says that all is well.
	if err := d.UnmarshalJSONStrict(text); err != nil && (!errors.As(err, &found) || len(found) > 0) {
		return err
	}
	if err := d.Validate(); err != nil {
		return err
	}
	fmt.Printf("%s: %d panels\n", path, len(d.Panels))
	return nil
}

func main() {
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
	}
}
