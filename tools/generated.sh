#!/bin/sh
# Fails when a generated file is not what its source makes now. It compares the tree before and after, rather than
# with the last commit, so that it can be run on work in progress.
set -eu

snapshot() {
	git ls-files --cached --others --exclude-standard | sort -u | while IFS= read -r file; do
		[ ! -f "$file" ] || echo "$(git hash-object --no-filters -- "$file") $file"
	done
}

before=$(snapshot)
go tool -modfile=tools/go.mod task generate
after=$(snapshot)
[ "$before" = "$after" ] && exit 0

echo "generated files were not current; they are now:" >&2
printf '%s\n%s\n' "$before" "$after" | sort | uniq -u | cut -d' ' -f2- | sort -u >&2
exit 1
