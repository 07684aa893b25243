package httpapi

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// The page is Swagger UI 5.35.0 (Apache-2.0, see docs/LICENSE.swagger-ui), complete, so that it works without the internet. The
// two files of its release lie here as "gzip -9n" makes them, which spares the program 1.4 MB and its first reader the wait
// for them to be packed. Another release is put in their place like this, with their sums in docs_test.go:
//
//	gzip -9nc swagger-ui-dist/swagger-ui-bundle.js > docs/swagger-ui-bundle.js.gz
//	gzip -9nc swagger-ui-dist/swagger-ui.css > docs/swagger-ui.css.gz
//
//go:embed docs
var docsFiles embed.FS

// pages are the documentation page and its parts.
type pages struct {
	index *file
	parts map[string]*file
}

// newPages puts off the work, which hashes half a megabyte, to the first reader.
func newPages() func() *pages {
	return sync.OnceValue(func() *pages {
		css := zippedPart("swagger-ui.css", "text/css; charset=utf-8")
		bundle := zippedPart("swagger-ui-bundle.js", "text/javascript; charset=utf-8")
		events := docsPart("events.css", "text/css; charset=utf-8")
		start := docsPart("start.js", "text/javascript; charset=utf-8")
		index := strings.NewReplacer("{css}", css.tag, "{bundle}", bundle.tag, "{start}", start.tag).
			Replace(string(embedded("index.html")))
		return &pages{
			index: newFile("index.html", "text/html; charset=utf-8", []byte(index)),
			parts: map[string]*file{css.name: css, bundle.name: bundle, start.name: start, events.name: events},
		}
	})
}

func docsPart(name, contentType string) *file { return newFile(name, contentType, embedded(name)) }

func zippedPart(name, contentType string) *file {
	return newZippedFile(name, contentType, embedded(name+".gz"))
}

func embedded(name string) []byte {
	content, err := docsFiles.ReadFile("docs/" + name)
	if err != nil {
		panic(fmt.Sprintf("embedded file %s is missing", name)) // only a broken build can
	}
	return content
}

// GetContract answers GET /openapi.json.
func (h *handler) GetContract(ctx context.Context, _ GetContractRequestObject) (GetContractResponseObject, error) {
	return sentFile{h.document, exchangeOf(ctx)}, nil
}

// GetDocs answers GET /docs.
func (h *handler) GetDocs(ctx context.Context, _ GetDocsRequestObject) (GetDocsResponseObject, error) {
	return sentFile{h.pages().index, exchangeOf(ctx)}, nil
}

// GetDocsAsset answers GET /docs/{asset}.
func (h *handler) GetDocsAsset(ctx context.Context, request GetDocsAssetRequestObject) (GetDocsAssetResponseObject, error) {
	part, found := h.pages().parts[request.Asset]
	if !found {
		return nil, errNotFound
	}
	return sentFile{part, exchangeOf(ctx)}, nil
}

// sentFile is a file on its way out.
type sentFile struct {
	*file
	x *exchange
}

// pagePolicy lets the page load its own parts and call its own server, and nobody frame it. Swagger UI draws icons from
// data addresses.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (f sentFile) VisitGetContractResponse(w http.ResponseWriter) error {
	return f.send(w, f.x.request)
}

func (f sentFile) VisitGetDocsResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Security-Policy", pagePolicy)
	return f.send(w, f.x.request)
}

func (f sentFile) VisitGetDocsAssetResponse(w http.ResponseWriter) error {
	return f.send(w, f.x.request)
}
