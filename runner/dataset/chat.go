package dataset

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/runner/dataset/rows"
)

const roleMessages = "messages"

// extraKeys are the keys of a chat row beside messages, in the order in which they are written.
func extraKeys() []string { return []string{"tools", "parallel_tool_calls", "functions"} }

// chatShape is a conversation as the API has it. Source: OpenAI's fine-tuning guide and the published API description.
func chatShape() shape {
	s := shape{
		name:  "chat",
		title: "chat rows",
		roles: []role{{name: roleMessages, columns: []string{"messages"}, required: true}, systemRole()},
		claims: func(m *mapper, s *shape, row rows.Row) bool {
			return m.claimedBy(s, row, roleMessages)
		},
		example: func(s *shape, c columns, r *report) *example {
			ex := r.example()
			for _, name := range extraKeys() {
				if f := c.get(s, name); f != nil {
					ex.takeExtra(name, extraIn(f), r)
				}
			}
			array := nodeOf(c.get(s, roleMessages)).structured()
			system := optionalText(c.get(s, roleSystem), roleSystem, r)
			ex.messages = readMessages(ex.messages, "messages", array, r)
			checkConversation("messages", ex.messages, array, r)
			ex.fillSystem(system)
			return ex
		},
	}
	for _, name := range extraKeys() {
		s.roles = append(s.roles, role{name: name, columns: []string{name}})
	}
	return s
}

// extraIn returns the value of a key beside messages. In the cell of a table it is a text: an empty one is none.
func extraIn(f *rows.Field) node {
	n := nodeOf(f).structured()
	if n.kind() != '"' {
		return n
	}
	switch text := strings.TrimSpace(n.text()); text {
	case "":
		return node{}
	case "true", "false", "True", "False":
		return node{value: jsontext.Value(strings.ToLower(text)), outer: f}
	default:
		return n
	}
}

// takeExtra takes over a key beside messages.
func (e *example) takeExtra(name string, value node, r *report) {
	if !value.present() {
		return
	}
	switch name {
	case "parallel_tool_calls":
		if kind := value.kind(); kind != 't' && kind != 'f' {
			r.addf(kindType, value, "%s is %s: want true or false", name, rows.KindName(kind))
		}
	case "tools":
		checkTools(value, r)
	default:
		if value.kind() != '[' {
			r.addf(kindType, value, "%s is %s: want an array", name, rows.KindName(value.kind()))
		}
	}
	e.extra = append(e.extra, member{name, compact(value.value)})
	sortMembers(e.extra, extraKeys())
}

func sortMembers(list []member, order []string) {
	slices.SortFunc(list, func(a, b member) int { return slices.Index(order, a.name) - slices.Index(order, b.name) })
}
