package embedded

import (
	"net/url"
	"slices"
	"strconv"
)

// limitOf reads the query's limit, which must lie in 1..most.
func limitOf(q url.Values, standard, most int) (int, error) {
	text := q.Get("limit")
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid("limit", "Invalid 'limit': %q is not an integer between 1 and %d.", text, most)
	}
	return n, nil
}

// cut returns the part of all that follows the element named after (all of it where after is empty), up to limit, and whether there is more.
func cut[T any](all []T, id func(T) string, after string, limit int) (part []T, more bool, err error) {
	if after != "" {
		i := slices.IndexFunc(all, func(v T) bool { return id(v) == after })
		if i < 0 {
			return nil, false, invalid("after", "Invalid 'after': no element of this list has the id %q.", after)
		}
		all = all[i+1:]
	}
	if len(all) > limit {
		return all[:limit:limit], true, nil
	}
	return append([]T{}, all...), false, nil // never nil: an empty list is [] on the wire
}
