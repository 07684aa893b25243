package bootstrap

import (
	"context"
	"errors"
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

	keysUnseen = "keys were not looked at, as this account cannot list them"
)

func (d *doctor) checkFolder(context.Context) finding {
	folder := d.cfg.DataDir
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ok("is not there yet; the service makes it")
	case err != nil:
		return warn(err.Error(), "run doctor as the service's account")
	case !info.IsDir():
		return fail(folder+" is no folder", "name another with data_dir, or move away what is there")
	case runtime.GOOS == "windows":
		return ok(folder)
	}
	bare, keys := lookAtKeys(os.DirFS(folder))
	if len(bare) > 0 {
		return fail("others can read "+strings.Join(bare, ", ")+" in "+folder,
			"chmod 600 them; if others have accounts here, rotate with menjin keys rotate --master")
	}
	said := fmt.Sprintf("%s; the folder has mode %04o", keys, info.Mode().Perm())
	if keys == keysUnseen {
		return warn(said, "run doctor as the service's account")
	}
	root := os.Geteuid() == 0
	if folderExposed(info.Mode(), ownedByUs(info) && !root, mounted(folder, info) && !root) {
		return warn(said, "chmod 700 "+folder+"; if the service's account does not own it, chown it first")
	}
	return ok(said)
}

// lookAtKeys returns the key files that others can read, and what to say when there are none.
func lookAtKeys(folder fs.FS) (bare []string, said string) {
	said = "keys are their owner's alone"
	_ = fs.WalkDir(folder, "keys", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				said = keysUnseen
			}
			return nil
		}
		if info, err := entry.Info(); err == nil && !entry.IsDir() && info.Mode().Perm()&0o077 != 0 {
			bare = append(bare, path)
		}
		return nil
	})
	return bare, said
}

// folderExposed judges as exposed does, except for a volume of another's: Kubernetes opens those to all accounts, of which a
// container has no others, and the service cannot change it.
func folderExposed(mode fs.FileMode, ours, volume bool) bool {
	return exposed(mode, ours) && (ours || !volume)
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
