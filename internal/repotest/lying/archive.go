package lying

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"net/http"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

func archiveLies(world World) []Lie {
	return []Lie{
		changed("one bit of an archive", Archive, func(body []byte) []byte { return flipped(body, len(body)/2) }),
		changed("one byte more", Archive, func(body []byte) []byte { return append(bytes.Clone(body), 0) }),
		changed("one byte less", Archive, func(body []byte) []byte { return body[:max(0, len(body)-1)] }),
		changed("an archive that unpacks without end", Archive, func([]byte) []byte { return Bomb() }),
		{Name: "another archive", About: Archive, tell: ofOther(world.Other, api.URLs.Download)},
	}
}

// ofOther answers as if something else had been asked for.
func ofOther(other ident.Ref, address func(api.URLs, ident.Ref) string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		urls, err := api.NewURLs("http://" + r.Host)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		asked, err := http.NewRequestWithContext(r.Context(), http.MethodGet, address(urls, other), nil)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		asked.RemoteAddr, asked.Header = r.RemoteAddr, r.Header
		truth(asked, honest).send(w)
	}
}

// Bomb is an archive of less than 10 MiB that unpacks to 10 GB.
func Bomb() []byte {
	var head bytes.Buffer
	w := tar.NewWriter(&head)
	// A header alone: what follows is more than the writer would have to see.
	_ = w.WriteHeader(&tar.Header{Name: "oripk.toml", Mode: 0o644, Size: 7 << 30, Format: tar.FormatUSTAR})
	var b bytes.Buffer
	_, _ = io.Copy(&b, bomb(head.Bytes(), make([]byte, 1<<20), 10_000))
	return b.Bytes()
}

// bomb gives a gzip member that unpacks to head and then so many times the
// piece, which is compressed once and repeated.
func bomb(head, piece []byte, times int) io.Reader {
	var packed bytes.Buffer
	packed.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff})
	w, _ := flate.NewWriter(&packed, flate.BestCompression)
	write := func(data []byte) (compressed []byte) {
		before := packed.Len()
		_, _ = w.Write(data)
		_ = w.Flush()
		return packed.Bytes()[before:]
	}
	write(head)
	write(piece)
	again := bytes.Clone(write(piece))
	trailer := binary.LittleEndian.AppendUint64(nil, 0)
	return io.MultiReader(&packed, &repeated{piece: again, times: times - 2}, bytes.NewReader(trailer))
}

// repeated is a piece so many times.
type repeated struct {
	piece []byte
	at    int
	times int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.times <= 0 {
		return 0, io.EOF
	}
	n := copy(p, r.piece[r.at:])
	if r.at += n; r.at == len(r.piece) {
		r.at = 0
		r.times--
	}
	return n, nil
}
