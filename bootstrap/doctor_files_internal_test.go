package bootstrap

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/bootstrap/config"
)

func TestLowDiskIsFound(t *testing.T) {
	t.Parallel()
	w := admit(t, nil)
	for free, verdict := range map[uint64]verdict{
		1 << 40: verdictOK, littleDisk: verdictOK, littleDisk - 1: verdictWarn, noDisk: verdictWarn, noDisk - 1: verdictFail, 0: verdictFail,
	} {
		w.free = free
		wants(t, "disk", w.checkDisk(t.Context()), verdict, "MiB free")
	}
}

func TestFolderThatOthersMayOpenIsFound(t *testing.T) {
	t.Parallel()
	w := admit(t, nil)
	wants(t, "before the first start", w.checkFolder(t.Context()), verdictOK, "not there yet")
	w.serve(t)()
	wants(t, "as the service makes it", w.checkFolder(t.Context()), verdictOK, "their owner's alone; the folder has mode 0700")
	key := localKeyFile(w.cfg)
	name := filepath.Base(key)
	for _, step := range []struct {
		path    string
		mode    fs.FileMode
		verdict verdict
		word    string
	}{
		{w.cfg.DataDir, 0o755, verdictWarn, "mode 0755"},
		{w.cfg.DataDir, 0o700, verdictOK, ""},
		{key, 0o640, verdictFail, name},
		{key, 0o604, verdictFail, name},
		{key, 0o600, verdictOK, ""},
	} {
		if err := os.Chmod(step.path, step.mode); err != nil {
			t.Fatal(err)
		}
		wants(t, step.path, w.checkFolder(t.Context()), step.verdict, step.word)
	}
}

func TestFileInTheFoldersPlaceIsFound(t *testing.T) {
	t.Parallel()
	w := admit(t, nil)
	if err := os.WriteFile(w.cfg.DataDir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, "a file", w.checkFolder(t.Context()), verdictFail, "is no folder")
	findings, readable := w.checkSQLite(t.Context())
	if readable || len(findings) != 1 || findings[0].Verdict != verdictFail {
		t.Errorf("the database in it: got %v, want one failure", findings)
	}
}

func TestFolderThatTheServiceCannotChangeIsNoFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what         string
		mode         fs.FileMode
		ours, volume bool
		want         bool
	}{
		{"as the service makes it", 0o700, true, false, false},
		{"ours, for its group", 0o750, true, false, true},
		{"ours, a volume", 0o755, true, true, true},
		{"Kubernetes' emptyDir with fsGroup", fs.ModeSetgid | 0o777, false, true, false},
		{"Kubernetes' claim with fsGroup", fs.ModeSetgid | 0o775, false, true, false},
		{"another's, lent by its group", 0o770, false, false, false},
		{"another's, for all", 0o777, false, false, true},
	} {
		if got := folderExposed(c.mode, c.ours, c.volume); got != c.want {
			t.Errorf("%s: got exposed %t, want %t", c.what, got, c.want)
		}
	}
}

func TestVolumeIsKnownByItsFileSystem(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]bool{"/dev": true, "/dev/": true, "/": false, t.TempDir(): false} {
		info, err := os.Stat(folder)
		if err != nil {
			t.Fatal(err)
		}
		if got := mounted(folder, info); got != want {
			t.Errorf("%s: got mounted %t, want %t", folder, got, want)
		}
	}
}

// shut is a folder that may not be looked into.
type shut struct{}

func (shut) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestKeysThatCannotBeListedAreNotCalledSafe(t *testing.T) {
	t.Parallel()
	for want, folder := range map[string]fs.FS{"not looked at": shut{}, "their owner's alone": os.DirFS(t.TempDir())} {
		if bare, said := lookAtKeys(folder); len(bare) > 0 || !strings.Contains(said, want) {
			t.Errorf("got %q and %q, want %q", bare, said, want)
		}
	}
}

func TestFileWithASecretThatOthersCanReadIsFound(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	byFile := file("app_secret", "0123456789abcdef0123456789abcdef\n")
	confidential := file("menjin.yaml", "wechat:\n  push_token: Sesame0pen\n")
	harmless := file("harmless.yaml", "log:\n  level: warn\n")
	environ := []string{"MENJIN_DATA_DIR=" + folder, "MENJIN_WECHAT_APP_SECRET_FILE=" + byFile}
	examined := func(configFile string) finding {
		cfg, err := config.Load(configFile, environ)
		if err != nil {
			t.Fatal(err)
		}
		d := &doctor{cfg: cfg, file: configFile, environ: environ}
		return d.checkSecretFiles(t.Context())
	}
	for _, step := range []struct {
		open, configFile string
		verdict          verdict
	}{
		{"", confidential, verdictOK},
		{byFile, harmless, verdictWarn},
		{confidential, confidential, verdictWarn},
		{harmless, harmless, verdictOK},
	} {
		if step.open != "" {
			if err := os.Chmod(step.open, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		word := step.open
		if step.verdict == verdictOK {
			word = "nobody else can read"
		}
		got := examined(step.configFile)
		wants(t, step.open, got, step.verdict, word)
		if strings.Contains(got.Found, "0123456789abcdef") || strings.Contains(got.Found, "Sesame") {
			t.Errorf("what is in a file was said: %s", got.Found)
		}
		if step.open != "" {
			if err := os.Chmod(step.open, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestKeyOfTheCertificateIsASecretFile(t *testing.T) {
	t.Parallel()
	w, _, keyFile := certified(t)
	wants(t, "its owner's", w.checkSecretFiles(t.Context()), verdictOK, "nobody else")
	if err := os.Chmod(keyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	wants(t, "everybody's", w.checkSecretFiles(t.Context()), verdictWarn, keyFile)
}

func TestGroupMayReadWhatAServiceDoesNotOwn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode fs.FileMode
		ours bool
		want bool
	}{
		{0o400, true, false},
		{0o600, true, false},
		{0o640, true, true},
		{0o440, false, false},
		{0o644, true, true},
		{0o444, false, true},
		{0o602, false, true},
	} {
		if got := exposed(c.mode, c.ours); got != c.want {
			t.Errorf("mode %04o, ours %t: got exposed %t, want %t", c.mode, c.ours, got, c.want)
		}
	}
}
