package httpapi

import (
	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"
)

// listTypes is the table of contents.
func listTypes(events []shownEvent) g.Node {
	return lines(events, func(event shownEvent) g.Node {
		return html.Li(html.A(html.Href("#"+event.Title), code(event.Title)), g.Text(" "+event.Summary))
	})
}

func listEvents(events []shownEvent) g.Node {
	return lines(events, func(event shownEvent) g.Node {
		return html.Section(
			html.ID(event.Title),
			html.H2(code(event.Title), g.Text(" "+event.Summary)),
			html.P(g.Text(event.Description)),
			html.P(
				g.Text("主题 · Subject: "), code(event.Subject), g.Text(" · "),
				html.A(html.Href("../schemas/"+event.Title+".json"), g.Text("JSON Schema")),
			),
			tableOf(event.Members),
			lines(event.Examples, func(example string) g.Node { return html.Pre(g.Text(example)) }),
		)
	})
}

func tableOf(members []shownMember) g.Node {
	return html.Table(
		html.THead(html.Tr(
			html.Th(g.Text("名称 · Name")), html.Th(g.Text("类型 · Type")),
			html.Th(g.Text("必有 · Always")), html.Th(g.Text("说明 · What it is")),
		)),
		html.TBody(lines(members, func(member shownMember) g.Node {
			return html.Tr(
				html.Td(code(member.Name)), html.Td(g.Text(member.Type)),
				html.Td(g.If(member.Required, g.Text("✓"))), html.Td(g.Text(member.Description)),
			)
		})),
	)
}

// lines ends each item with its line, for whoever reads the page's source.
func lines[T any](items []T, show func(T) g.Node) g.Node {
	return g.Map(items, func(item T) g.Node { return g.Group{show(item), g.Text("\n")} })
}

func code(text string) g.Node { return html.Code(g.Text(text)) }
