package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"ftrun/reporters"
	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
)

// clean is the command clean: it lists, asks, and removes.
func clean(ctx context.Context, o options, s system) (err error) {
	u, err := openUpkeep(o, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	client, err := u.client(embedded.Look)
	if err != nil {
		return err
	}
	may := runner.CleanOptions{Models: o.Models, All: o.All}
	all, err := runner.Survey(ctx, u.work(client, nil), may)
	if err != nil {
		return err
	}
	var chosen, kept []runner.Leftover
	for _, l := range all {
		if l.Keep == "" {
			chosen = append(chosen, l)
		} else {
			kept = append(kept, l)
		}
	}
	if err := u.list(chosen, kept); err != nil || len(chosen) == 0 {
		return err
	}
	if ok, err := u.agreed(ctx, len(chosen)); err != nil || !ok {
		return err
	}
	if u.endpoint.Kind == provider.KindEmbedded {
		if _, err := u.lock(ctx); err != nil {
			return err
		}
		if client, err = u.client(embedded.Idle); err != nil {
			return err
		}
	}
	return u.remove(ctx, u.work(client, nil), may, chosen)
}

// agreed reports whether what was listed may be removed, and says so where not.
func (u *upkeep) agreed(ctx context.Context, n int) (bool, error) {
	if u.Yes {
		return true, nil
	}
	if !u.Answers {
		return false, u.say("nothing was removed: there is no terminal to ask at, and --yes removes what is listed")
	}
	ok, err := u.confirmed(ctx, fmt.Sprintf("remove %s at the provider for good?", counted(n, "thing")))
	if err != nil || ok {
		return ok, err
	}
	return false, u.say("nothing was removed")
}

func (u *upkeep) remove(ctx context.Context, work runner.Options, may runner.CleanOptions, chosen []runner.Leftover) error {
	var sayErr error
	err := runner.Remove(ctx, work, may, chosen, func(l runner.Leftover, err error) {
		text := fmt.Sprintf("removed %s %s", l.Kind, l.ID)
		if err != nil {
			text = fmt.Sprintf("left %s %s: %v", l.Kind, l.ID, err)
		}
		sayErr = errors.Join(sayErr, u.say(text))
	})
	return errors.Join(err, sayErr)
}

// list prints what was found.
func (u *upkeep) list(chosen, kept []runner.Leftover) error {
	if len(chosen) == 0 {
		if err := u.say("nothing to remove at " + u.endpoint.Identity()); err != nil {
			return err
		}
	} else if err := u.table("made by ftrun at "+u.endpoint.Identity()+", to be removed:", chosen); err != nil {
		return err
	}
	if len(kept) > 0 {
		if err := u.table("kept:", kept); err != nil {
			return err
		}
	}
	if u.Models && u.endpoint.Profile().Metadata != provider.MetadataFilter && u.endpoint.Profile().Metadata != provider.MetadataEcho {
		if err := u.say("models stay: this kind of provider keeps no metadata, by which ftrun's would be known"); err != nil {
			return err
		}
	}
	return u.say("what lies in " + u.state + " on this machine stays")
}

func (u *upkeep) table(title string, list []runner.Leftover) error {
	if err := u.say(title); err != nil {
		return err
	}
	w := tabwriter.NewWriter(u.Stdout, 0, 0, 2, ' ', 0)
	for _, l := range list {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", l.Kind, reporters.Line(l.ID), reporters.Line(describe(l)))
	}
	return w.Flush()
}

// describe says what a leftover is: name, size, date, jobs, and what there is to know before it is removed.
func describe(l runner.Leftover) string {
	text := ""
	add := func(part string) {
		if text != "" && part != "" {
			text += ", "
		}
		text += part
	}
	add(l.Name)
	if l.Kind == runner.LeftoverFile {
		add(fmt.Sprintf("%d bytes", l.Bytes))
	}
	if !l.CreatedAt.IsZero() {
		add(l.CreatedAt.UTC().Format(time.DateOnly))
	}
	if l.Of != "" {
		add("of " + l.Of)
	} else {
		add("of no job")
	}
	for _, more := range []string{l.Keep, l.Loss} {
		if more != "" {
			text += ": " + more
		}
	}
	return text
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
