module github.com/menjin-id/menjin/tools/new

go 1.26.0
