package e2e

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// secureName is a name that the certificate of httptest is good for.
const secureName = "example.com"

// proxyCommand starts a proxy as companies have them.
func proxyCommand(ts *testscript.TestScript, args []string) error {
	if len(args) > 0 {
		return errors.New("usage: proxy")
	}
	registry, err := url.Parse(ts.Value(registriesKey{}).(*registries).named(defaultName).front.url())
	if err != nil {
		return err
	}
	answer := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(registry) },
		ErrorLog: log.New(io.Discard, "", 0),
	}
	secure := httptest.NewTLSServer(answer)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect && r.Host == secureName+":443":
			tunnel(w, secure.Listener.Addr().String())
		case r.URL.IsAbs():
			answer.ServeHTTP(w, r)
		default:
			http.Error(w, "this is a proxy", http.StatusBadRequest)
		}
	}))
	ts.Defer(secure.Close)
	ts.Defer(proxy.Close)
	ts.Setenv("PROXY_URL", proxy.URL)
	certificate := filepath.Join(ts.MkAbs("."), "certificate.pem")
	ts.Setenv("SSL_CERT_FILE", certificate)
	return os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600)
}

// tunnel carries bytes between a client and an address until one of them ends.
func tunnel(w http.ResponseWriter, address string) {
	there, err := net.Dial("tcp", address)
	if err != nil {
		http.Error(w, "nobody there", http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, read, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	_, _ = io.WriteString(here, "HTTP/1.1 200 Connected\r\n\r\n")
	go func() {
		_, _ = io.Copy(there, read)
		_ = there.Close()
	}()
	_, _ = io.Copy(here, there)
}
