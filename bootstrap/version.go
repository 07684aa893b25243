package bootstrap

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is what the build knows of itself: the module's version, or the commit it was built from.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "menjin (unknown) " + runtime.Version()
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
	return fmt.Sprintf("menjin %s %s %s/%s", name, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
