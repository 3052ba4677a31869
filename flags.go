package main

import (
	"strings"

	"github.com/spf13/cobra"

	"ftrun/runner/provider"
)

// specFlags are those of every command that reads a pipeline file.
func specFlags(cmd *cobra.Command, o *options) {
	cmd.Flags().StringVarP(&o.File, "file", "f", o.File, "the pipeline file")
	cmd.Flags().BoolVar(&o.AllowOutside, "allow-outside", o.AllowOutside, "let the spec name files outside its repository")
	cmd.Flags().StringSliceVar(&o.AllowEnv, "allow-env", o.AllowEnv, "let the spec use this `variable`: as ${NAME}, or as api_key_env")
}

// placeFlags are those of every command that asks a provider about a pipeline.
func placeFlags(cmd *cobra.Command, o *options) {
	cmd.Flags().StringVar(&o.Provider, "provider", o.Provider, "use this `kind` of provider instead of the spec's: "+strings.Join(provider.Kinds(), ", "))
	cmd.Flags().StringVar(&o.State, "state", o.State, "`folder` for what must outlive a run (default .ftrun beside the spec)")
}
