package bootstrap

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/menjin-id/menjin/domain"
)

const (
	littleDisk = 1 << 30
	noDisk     = 100 << 20
)

func (d *doctor) checkFolder(context.Context) finding {
	folder := d.cfg.DataDir
	if !exists(folder) {
		return ok("is not there yet; the service makes it")
	}
	if runtime.GOOS == "windows" {
		return ok(folder)
	}
	var bare []string
	err := filepath.WalkDir(filepath.Join(folder, "keys"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // no keys there, or none that can be listed
		}
		if info, err := entry.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
			bare = append(bare, path)
		}
		return nil
	})
	if err != nil {
		return warn(err.Error(), "see who may read the folder")
	}
	if len(bare) > 0 {
		return fail("others can read "+strings.Join(bare, ", "), "chmod 600 them; if others have accounts here, rotate with menjin keys rotate --master")
	}
	if info, err := os.Stat(folder); err == nil && info.Mode().Perm()&0o077 != 0 {
		return warn(fmt.Sprintf("%s has mode %04o", folder, info.Mode().Perm()), "chmod 700 it")
	}
	return ok("keys and folder are their owner's alone")
}

// checkSecretFiles looks at the files that hold what the service is told in confidence, and at nothing in them.
func (d *doctor) checkSecretFiles(context.Context) finding {
	files := d.secretFiles()
	if runtime.GOOS == "windows" {
		return ok(plural(int64(len(files)), "file", "files") + ", whose modes say nothing here")
	}
	var bare []string
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			continue // what needs it says so
		}
		if exposed(info.Mode(), ownedByUs(info) && os.Geteuid() != 0) {
			bare = append(bare, fmt.Sprintf("%s (mode %04o)", file, info.Mode().Perm()))
		}
	}
	if len(bare) > 0 {
		return warn("others can read "+strings.Join(bare, ", "),
			"chmod 600 them, as the account that the service runs as; where others have accounts on this machine, replace what is in them")
	}
	return ok(plural(int64(len(files)), "file", "files") + " that nobody else can read")
}

// exposed reports whether somebody can read a file who need not. Its group is no such one where it lets a service read what
// another owns, as Kubernetes and packages of certificates have it.
func exposed(mode fs.FileMode, ours bool) bool {
	return mode.Perm()&0o007 != 0 || ours && mode.Perm()&0o070 != 0
}

// secretFiles are the key of the certificate, those that MENJIN_…_FILE names, and the configuration file where a secret is in it.
func (d *doctor) secretFiles() []string {
	var files []string
	if d.cfg.HTTP.TLSKeyFile != "" {
		files = append(files, d.cfg.HTTP.TLSKeyFile)
	}
	inConfig := false
	for _, setting := range d.cfg.Shown() {
		path, byFile := d.variable(setting.Env + "_FILE")
		if byFile {
			files = append(files, path)
		}
		_, byValue := d.variable(setting.Env)
		inConfig = inConfig || setting.Given && setting.Value == domain.Secret{}.String() && !byFile && !byValue
	}
	if inConfig && d.file != "" {
		files = append(files, d.file)
	}
	return files
}

func (d *doctor) variable(name string) (value string, found bool) {
	for _, variable := range d.environ {
		if value, found = strings.CutPrefix(variable, name+"="); found {
			return value, true
		}
	}
	return "", false
}

func (d *doctor) checkDisk(context.Context) finding {
	folder := d.cfg.DataDir
	for !exists(folder) && folder != filepath.Dir(folder) {
		folder = filepath.Dir(folder)
	}
	free, all, err := d.space(folder)
	if err != nil {
		return ok(err.Error())
	}
	found := fmt.Sprintf("%d MiB of %d MiB free", free>>20, all>>20)
	switch {
	case free < noDisk:
		return fail(found, "make room where data_dir is: nobody can sign in on a full disk")
	case free < littleDisk:
		return warn(found, "make room where data_dir is")
	}
	return ok(found)
}
