// Package ringtest holds the line between the rings: its test fails when a package imports outward, when one
// adapter imports another, and when test support reaches the program.
package ringtest

import (
	"path"
	"slices"
	"strings"
)

// module is the path of this module. Its packages go by what follows; the main package goes by ".".
const module = "github.com/menjin-id/menjin"

// ring says what the packages of one top-level folder may import besides each other and the standard library.
type ring struct {
	own     []string // top-level folders of this module
	foreign []string // other modules, by prefix; nil means any
}

// rings names the folders that are held to a rule. Others, such as bench, are no part of the program.
var rings = map[string]ring{
	"domain":      {foreign: []string{}},
	"ports":       {own: []string{"domain"}, foreign: []string{}},
	"application": {own: []string{"domain", "ports"}, foreign: []string{"golang.org/x/sync/"}},
	"adapters":    {own: []string{"domain", "ports", "application", "internal"}},
	"bootstrap":   {own: []string{"domain", "ports", "application", "adapters", "internal"}},
	".":           {own: []string{"bootstrap"}},
}

// driving adapters call use cases. All others are called, and know ports and domain alone.
var driving = []string{"httpapi", "wechatpush"}

// fault says why the package from must not import the package to, or nothing when it may; std tells that to belongs
// to the standard library. What tests import is not its concern.
func fault(from, to string, std bool) string {
	from, inside := relative(from)
	rule, ruled := rings[folder(from)]
	if !inside || !ruled || std || testSupport(from) {
		return ""
	}
	to, own := relative(to)
	switch {
	case !own:
		return foreignFault(rule, from, to)
	case testSupport(to):
		return "only tests import test support"
	case folder(to) != folder(from) && !slices.Contains(rule.own, folder(to)):
		return folder(from) + " imports outward"
	default:
		return adapterFault(adapter(from), adapter(to), folder(to))
	}
}

func foreignFault(rule ring, from, to string) string {
	allowed := func(prefix string) bool { return strings.HasPrefix(to, prefix) }
	if rule.foreign != nil && !slices.ContainsFunc(rule.foreign, allowed) {
		return folder(from) + " does without other modules"
	}
	if strings.HasPrefix(to, "github.com/labstack/echo/") && adapter(from) != "httpapi" {
		return "only adapters/httpapi knows Echo"
	}
	return ""
}

func adapterFault(from, to, toFolder string) string {
	switch {
	case from == "":
		return ""
	case to != "" && to != from:
		return "adapters do not know each other"
	case toFolder == "application" && !slices.Contains(driving, from):
		return "only a driving adapter calls use cases"
	default:
		return ""
	}
}

// relative cuts the module off an import path and reports whether it was there.
func relative(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func folder(pkg string) string {
	first, _, _ := strings.Cut(pkg, "/")
	return first
}

// adapter is the name of the adapter to which a package belongs, itself or in a folder below; or nothing.
func adapter(pkg string) string {
	below, _ := strings.CutPrefix(pkg, "adapters/")
	if below == pkg {
		return ""
	}
	return folder(below)
}

// testSupport tells packages for tests by their names: portstest, pgtest, testserver.
func testSupport(pkg string) bool {
	name := path.Base(pkg)
	return strings.HasSuffix(name, "test") || name == "testserver"
}
