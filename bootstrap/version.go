package bootstrap

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version says what runs, and what it was built with and for.
func version() string {
	return fmt.Sprintf("menjin %s %s %s/%s", release(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// versionReport is version for programs.
func versionReport() map[string]string {
	return map[string]string{"version": release(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH}
}

// release is what the build knows of itself: the module's version, or the commit it was built from.
func release() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	name := build.Main.Version
	if name == "" || name == "(devel)" {
		name = "devel"
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
				name += "-" + setting.Value[:12]
			}
		}
	}
	return name
}
