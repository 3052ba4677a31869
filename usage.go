package main

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"ftrun/runner"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// A usageError is a mistake on the command line or in the environment.
type usageError struct {
	err  error
	hint string // the way out; empty: usageHint
	run  bool   // of a command that was to run a pipeline: its reports say so
}

func (e usageError) Error() string { return e.err.Error() }

func (e usageError) wayOut() string { return cmp.Or(e.hint, usageHint) }

// usageHint is the way out of most mistakes on the command line.
const usageHint = "ftrun --help lists the commands and flags"

// commandHint names the help of the command that was meant.
func commandHint(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return usageHint
	}
	return cmd.CommandPath() + " --help lists its flags"
}

// flagError says of a flag that a command does not have which one is near, or that a run has it.
func flagError(cmd *cobra.Command, err error) error {
	usage := usageError{err: err, hint: commandHint(cmd), run: !cmd.HasParent()}
	name, unknown := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !unknown {
		return usage
	}
	if cmd.Root().Flags().Lookup(name) != nil {
		usage.hint = fmt.Sprintf("--%s is a flag of a run, which is ftrun without %q; %s", name, cmd.Name(), usage.hint)
	} else if near := diag.Suggest(name, flagNames(cmd)); near != "" {
		usage.err = fmt.Errorf("%w, did you mean --%s?", err, near)
	}
	return usage
}

// flagNames are those of a command's flags that have a variable.
func flagNames(cmd *cobra.Command) []string {
	var names []string
	for f := range reflect.TypeFor[options]().Fields() {
		variable, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		name := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(variable, "FTRUN_"), "_", "-"))
		if name != "" && cmd.Flags().Lookup(name) != nil {
			names = append(names, name)
		}
	}
	return names
}

// noArgs refuses words that are no flags: a command takes none, and a file is named by a flag.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	names := make([]string, 0, len(cmd.Commands()))
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	isFile := strings.HasSuffix(args[0], ".yaml") || strings.HasSuffix(args[0], ".yml")
	text := fmt.Sprintf("unknown command %q", args[0])
	if s := diag.Suggest(args[0], names); s != "" {
		text += fmt.Sprintf(", did you mean %q?", s)
	} else if isFile && cmd.Flags().Lookup("file") != nil {
		text = fmt.Sprintf("unexpected argument %q: name the pipeline file with -f", args[0])
	} else if cmd.HasParent() {
		text = fmt.Sprintf("unexpected argument %q", args[0])
	}
	return usageError{err: errors.New(text), hint: commandHint(cmd)}
}

// filterError is that of a filter which names no case. An id in place of a tag, and the other way round, is as near as a slip of the pen.
func filterError(filter string, cases []spec.Case) error {
	usage := usageError{err: fmt.Errorf("--filter %q: no case has this id or tag; want an id, or tag:NAME", filter)}
	var names []string
	for _, c := range cases {
		names = append(names, c.ID)
		for _, tag := range c.Tags {
			names = append(names, "tag:"+tag)
		}
	}
	near := diag.Suggest(filter, names)
	if id, isTag := strings.CutPrefix(filter, "tag:"); isTag && len(runner.Selects(id, cases)) > 0 {
		near = id
	} else if len(runner.Selects("tag:"+filter, cases)) > 0 {
		near = "tag:" + filter
	}
	if near != "" {
		usage.hint = fmt.Sprintf("did you mean --filter %q?", near)
	}
	return usage
}
