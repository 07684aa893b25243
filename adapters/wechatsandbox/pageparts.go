package wechatsandbox

import (
	"net/http"
	"strconv"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"
)

func showControls(controls []control, base string) g.Node {
	return g.Map(controls, func(c control) g.Node {
		return row(
			html.Td(g.Text(c.Chinese), html.Br(), english(c.English)),
			html.Td(html.Code(g.Text(c.Curl(base)))),
		)
	})
}

func showKinds(kinds []FaultKind) g.Node {
	return g.Map(kinds, func(kind FaultKind) g.Node { return word(string(kind), "") })
}

func showApps(apps []App) g.Node {
	return g.Map(apps, func(app App) g.Node { return word(app.AppID, "") })
}

// showAPIs tells how often each was called.
func showAPIs(paths []string, calls map[string]uint64) g.Node {
	return g.Map(paths, func(path string) g.Node {
		if calls[path] == 0 {
			return word(path, "")
		}
		return word(path, " ×"+strconv.FormatUint(calls[path], 10))
	})
}

func showRequests(entries []Entry) g.Node {
	if len(entries) == 0 {
		return html.P(g.Text("还没有请求。"), english("None yet."))
	}
	return html.Div(html.Class("scroll"), html.Table(
		g.Text("\n"),
		row(
			html.Th(g.Text("时间 "), english("Time")), html.Th(g.Text("请求 "), english("Request")),
			html.Th(g.Text("用户 "), english("Person")), html.Th(g.Text("HTTP")), html.Th(g.Text("errcode")),
			html.Th(g.Text("故障 "), english("Fault")),
		),
		g.Map(entries, showRequest),
	))
}

func showRequest(entry Entry) g.Node {
	status, errcode := "–", "–"
	if entry.Status != 0 {
		status = strconv.Itoa(entry.Status)
	}
	if entry.Status == http.StatusOK {
		errcode = strconv.Itoa(entry.Errcode)
	}
	return row(
		html.Td(g.Text(entry.Time.Format("15:04:05.000"))),
		html.Td(html.Class("wide"), html.Code(g.Text(entry.Method+" "+entry.Path))),
		html.Td(g.Text(entry.Person)), html.Td(g.Text(status)), html.Td(g.Text(errcode)), html.Td(g.Text(string(entry.Fault))),
	)
}

// row ends with its line, for whoever reads the source.
func row(cells ...g.Node) g.Node {
	return g.Group{html.Tr(cells...), g.Text("\n")}
}

func english(text string) g.Node { return html.Span(html.Class("en"), g.Text(text)) }

func word(name, note string) g.Node {
	return g.Group{html.Code(g.Text(name)), g.Text(note + " ")}
}

func showCount(n uint64) g.Node { return g.Text(strconv.FormatUint(n, 10)) }
