// Command image builds Menjin's container image without a container engine: a static program, root certificates and zone data
// in an OCI archive for several platforms, with a bill of materials and checksums beside it. The same source and the same Go
// make the same bytes. With -rootfs it writes only the files of one platform, for a Dockerfile to copy.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	source := flag.String("source", "../..", "folder of the module to build")
	out := flag.String("out", "../../dist", "folder to write to")
	platforms := flag.String("platforms", "linux/amd64,linux/arm64", "platforms, with commas")
	image := flag.Bool("image", true, "make the image, and not only the programs and their bills of materials")
	rootfs := flag.String("rootfs", "", "folder to write the image's files to, instead of an image")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *source, *out, *rootfs, *image, strings.Split(*platforms, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "image: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, source, out, rootfs string, image bool, platforms []string) error {
	zones, err := zoneArchive(ctx)
	if err != nil {
		return fmt.Errorf("find zone data: %w", err)
	}
	folder, err := os.MkdirTemp("", "menjin-image-")
	if err != nil {
		return fmt.Errorf("make a folder for programs: %w", err)
	}
	defer os.RemoveAll(folder)
	var programs []program
	for _, platform := range platforms {
		built, err := compile(ctx, source, folder, platform)
		if err != nil {
			return fmt.Errorf("build for %s: %w", platform, err)
		}
		programs = append(programs, built)
	}
	if rootfs != "" {
		return writeRoot(rootfs, zones, programs)
	}
	results, err := bills(programs)
	if err == nil && image {
		results["menjin.oci.tar"], err = buildImage(zones, programs)
	}
	if err != nil {
		return err
	}
	return publish(out, results)
}

// writeRoot unpacks what the image of one platform consists of.
func writeRoot(folder, zones string, programs []program) error {
	if len(programs) != 1 {
		return fmt.Errorf("-rootfs takes one platform, not %d", len(programs))
	}
	base, err := baseFiles(zones)
	if err != nil {
		return err
	}
	binary, err := programFiles(programs[0])
	if err != nil {
		return err
	}
	return unpack(append(base, binary...), folder)
}

// bills are the programs and the bill of materials of each, by the names of their files.
func bills(programs []program) (map[string][]byte, error) {
	results := make(map[string][]byte)
	for _, p := range programs {
		content, err := os.ReadFile(p.path)
		if err != nil {
			return nil, fmt.Errorf("read the program: %w", err)
		}
		bill, err := billOfMaterials(p, content)
		if err != nil {
			return nil, fmt.Errorf("make the bill of materials: %w", err)
		}
		name := "menjin-" + strings.ReplaceAll(p.platform(), "/", "-")
		results[name], results[name+".cdx.json"] = content, bill
	}
	return results, nil
}

// publish writes the results and their checksums.
func publish(out string, results map[string][]byte) error {
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // for everybody to read
		return fmt.Errorf("make the folder of the results: %w", err)
	}
	results["SHA256SUMS"] = checksums(results)
	for name, content := range results {
		if err := os.WriteFile(filepath.Join(out, name), content, modeOf(name)); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

func modeOf(name string) os.FileMode {
	if filepath.Ext(name) == "" && name != "SHA256SUMS" {
		return 0o755
	}
	return 0o644
}
